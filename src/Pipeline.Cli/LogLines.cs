using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Pipeline.Model;

namespace Pipeline.Cli;

/// <summary>
/// Log entries, a line each: <c>10:00:04 warn Sweep: text</c>, in UTC. A known problem's message is enough; of anything else the stack
/// trace follows. There are no colours, since the console's writer shows escape sequences instead of passing them on.
/// </summary>
internal sealed class LogLines(TimeProvider time) : ConsoleFormatter(Name)
{
    public new const string Name = "lines";

    /// <inheritdoc/>
    public override void Write<TState>(in LogEntry<TState> entry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var text = entry.Formatter(entry.State, entry.Exception).ReplaceLineEndings(" ");
        textWriter.Write(string.Create(
            CultureInfo.InvariantCulture, $"{time.GetUtcNow():HH:mm:ss} {Word(entry.LogLevel)} {ShortName(entry.Category)}: {text}"));
        if (entry.Exception is PipelineException known)
            textWriter.Write(text.Contains(known.Message, StringComparison.Ordinal) ? "" : $" {known.Message.ReplaceLineEndings(" ")}");
        else if (entry.Exception is { } error)
            textWriter.Write($"{Environment.NewLine}{error}");
        textWriter.WriteLine();
    }

    private static string Word(LogLevel level) => level switch
    {
        LogLevel.Critical or LogLevel.Error => "error",
        LogLevel.Warning => "warn ",
        LogLevel.Information => "info ",
        _ => "debug",
    };

    private static string ShortName(string category) => category[(category.LastIndexOf('.') + 1)..];
}

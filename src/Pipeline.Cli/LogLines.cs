using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Pipeline.Model;

namespace Pipeline.Cli;

/// <summary>
/// Formats log entries as <c>10:00:04 warn Sweep: text</c>, in UTC. Only unexpected exceptions are shown with their
/// stack trace. There are no colours, because the console's writer makes escape sequences visible.
/// </summary>
internal sealed class LogLines(TimeProvider time) : ConsoleFormatter(Name)
{
    public new const string Name = "lines";

    private const int MessageColumn = 15;

    /// <inheritdoc/>
    public override void Write<TState>(
        in LogEntry<TState> entry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var text = entry.Formatter(entry.State, entry.Exception).ReplaceLineEndings(" ");
        var line = string.Create(
            CultureInfo.InvariantCulture,
            $"{time.GetUtcNow():HH:mm:ss} {Word(entry.LogLevel)} {ShortName(entry.Category)}: {text}");
        if (entry.Exception is PipelineException known && !text.Contains(known.Message, StringComparison.Ordinal))
            line += $" {known.Message.ReplaceLineEndings(" ")}";
        textWriter.Write(Prose.Fold(line, Prose.WidthOf(Console.Error), MessageColumn));
        if (entry.Exception is not PipelineException and { } error)
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

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Pipeline.Cli.Settings;

namespace Pipeline.Cli.Serving;

/// <summary>The log of a host: lines on standard error with <c>--verbose</c>, else nothing.</summary>
internal static class HostLog
{
    public static void Configure(ILoggingBuilder logging, RunSettings settings)
    {
        logging.ClearProviders();
        if (!settings.Verbose)
            return;
        logging.Services.AddSingleton<ConsoleFormatter>(new LogLines(TimeProvider.System));
        logging
            .AddConsole(console =>
                (console.FormatterName, console.LogToStandardErrorThreshold) = (LogLines.Name, LogLevel.Trace))
            .AddFilter("Microsoft", LogLevel.Warning);
    }
}

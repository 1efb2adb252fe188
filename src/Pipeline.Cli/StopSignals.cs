using System.Runtime.InteropServices;

namespace Pipeline.Cli;

/// <summary>
/// Ctrl+C, SIGTERM, and SIGHUP from a terminal that closes, from the first moment of a command. System.CommandLine
/// listens only after the command has started, and a signal before that would end the process without a word. .NET
/// leaves a signal ignored that was ignored at the start, as <c>nohup</c> does with SIGHUP.
/// </summary>
internal static class StopSignals
{
    // Nothing is disposed: a signal may still come while the process ends.
    private static readonly CancellationTokenSource Source = new();
    private static readonly PosixSignalRegistration Interrupt = PosixSignalRegistration.Create(
        PosixSignal.SIGINT, Stop);
    private static readonly PosixSignalRegistration Terminate = PosixSignalRegistration.Create(
        PosixSignal.SIGTERM, Stop);
    private static readonly PosixSignalRegistration Hangup = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);

    /// <summary>Starts to listen, and returns what the first signal cancels.</summary>
    public static CancellationToken Listen()
    {
        GC.KeepAlive(Interrupt);
        GC.KeepAlive(Terminate);
        GC.KeepAlive(Hangup);
        return Source.Token;
    }

    /// <summary>Completes when a signal has come and this time has passed since.</summary>
    public static async Task OverdueAsync(TimeSpan patience)
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, Source.Token)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.Delay(patience, TimeProvider.System);
    }

    private static void Stop(PosixSignalContext signal)
    {
        signal.Cancel = true;
        Source.Cancel();
    }
}

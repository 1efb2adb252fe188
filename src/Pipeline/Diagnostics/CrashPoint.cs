using System.Diagnostics;
using System.Globalization;

namespace Pipeline.Diagnostics;

/// <summary>
/// Named boundaries between durable steps, for the chaos suite. <c>PIPELINE_CRASH_AT=submit.after-intent:2</c> kills
/// the process with SIGKILL when it passes that boundary for the second time; <c>submit.after-intent:2:stop</c> freezes
/// it with SIGSTOP instead. Without the variable, the JIT removes the check.
/// </summary>
internal static class CrashPoint
{
    /// <summary>Every boundary, in the order in which a list passes them.</summary>
    public static readonly IReadOnlyList<string> Names =
    [
        "intake.after-list", "intake.after-pin", "intake.after-submission", "intake.after-messages",
        "submit.after-budget", "submit.after-intent", "submit.after-post", "submit.after-refusal",
            "repeat.after-submission", "submit.after-tasks", "submit.after-state",
        "callback.after-verification", "callback.after-enqueue",
        "collect.before-open", "collect.after-staging", "sink.within-append", "sink.after-append",
            "collect.after-sink", "collect.after-ledger", "collect.after-announcement",
        "failure.after-ledger", "queue.after-handle", "sweep.adopt", "sweep.within-compose", "sweep.after-compose",
            "sweep.within-series", "sweep.after-series", "sweep.close", "sweep.before-manifest",
            "sweep.after-manifest", "sweep.after-close",
        "export.after-begin", "export.after-file", "export.after-message", "export.before-end", "export.after-end",
        "notify.before-post", "notify.after-post", "notify.after-dead-letter",
        "erase.after-rename",
        "backup.after-copy", "backup.after-note", "backup.before-commit",
        "restore.before-replace", "restore.after-replace",
        "restore.after-begin", "restore.after-clear", "restore.after-ledger", "restore.after-index",
            "restore.before-end",
    ];

    private static readonly string? Name = Read(out PassesLeft, out Stops);
    private static readonly bool Stops;
    private static int PassesLeft;

    /// <summary>
    /// Passes a boundary. At the requested one the process dies, or freezes until it receives SIGCONT.
    /// </summary>
    public static void Pass(string name)
    {
        if (Name is null || Name != name || Interlocked.Decrement(ref PassesLeft) != 0)
            return;
        if (Stops)
        {
            using var signal = Process.Start(
                "kill", ["-STOP", Environment.ProcessId.ToString(CultureInfo.InvariantCulture)]);
            signal.WaitForExit();
            return;
        }

        using var self = Process.GetCurrentProcess();
        self.Kill();
        // SIGKILL arrives asynchronously; this thread must do nothing more until it does.
        Thread.CurrentThread.Join();
    }

    private static string? Read(out int passesLeft, out bool stops)
    {
        (passesLeft, stops) = (1, false);
        if (Environment.GetEnvironmentVariable("PIPELINE_CRASH_AT") is not { Length: > 0 } text)
            return null;
        var parts = text.Split(':');
        stops = parts is [_, _, "stop"];
        if (!Names.Contains(parts[0])
            || (parts.Length > 1 && !TryReadCount(parts[1], out passesLeft))
            || (parts.Length > 2 && !stops) || parts.Length > 3)
            throw new FormatException(
                $"PIPELINE_CRASH_AT '{text}' is not BOUNDARY[:COUNT[:stop]], such as submit.after-intent:2. "
                    + $"Boundaries: {string.Join(", ", Names)}.");
        return parts[0];
    }

    private static bool TryReadCount(string text, out int count) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out count) && count > 0;
}

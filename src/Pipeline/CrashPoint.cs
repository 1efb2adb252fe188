using System.Diagnostics;
using System.Globalization;

namespace Pipeline;

/// <summary>
/// The boundaries of durable steps, by name, for the chaos suite: <c>PIPELINE_CRASH_AT=submit.after-intent:2</c> kills the process with SIGKILL the second
/// time it comes by, <c>submit.after-intent:2:stop</c> freezes it there by SIGSTOP. Without the variable a boundary costs one comparison that the JIT removes.
/// </summary>
internal static class CrashPoint
{
    /// <summary>Every boundary, in the order in which a list comes by them.</summary>
    public static readonly IReadOnlyList<string> Names =
    [
        "intake.after-list", "intake.after-submission", "intake.after-messages",
        "submit.after-budget", "submit.after-intent", "submit.after-post", "submit.after-refusal", "repeat.after-submission", "submit.after-tasks", "submit.after-state",
        "callback.after-verification", "callback.after-enqueue",
        "collect.before-open", "collect.after-staging", "sink.within-append", "sink.after-append", "collect.after-sink", "collect.after-ledger",
        "failure.after-ledger", "queue.after-handle", "sweep.adopt", "sweep.close", "sweep.before-manifest", "sweep.after-manifest", "sweep.after-close",
    ];

    private static readonly string? Name = Read(out Left, out Stops);
    private static readonly bool Stops;
    private static int Left;

    /// <summary>Comes by a boundary; does not return from the one that was asked for, or only after it was frozen.</summary>
    public static void Pass(string name)
    {
        if (Name is null || Name != name || Interlocked.Decrement(ref Left) != 0)
            return;
        if (Stops)
        {
            using var signal = Process.Start("kill", ["-STOP", Environment.ProcessId.ToString(CultureInfo.InvariantCulture)]);
            signal.WaitForExit();
            return;
        }

        using var self = Process.GetCurrentProcess();
        self.Kill();
        // The signal is on its way; nothing may happen after the boundary.
        Thread.CurrentThread.Join();
    }

    private static string? Read(out int left, out bool stops)
    {
        (left, stops) = (1, false);
        if (Environment.GetEnvironmentVariable("PIPELINE_CRASH_AT") is not { Length: > 0 } text)
            return null;
        var parts = text.Split(':');
        stops = parts is [_, _, "stop"];
        if (!Names.Contains(parts[0])
            || (parts.Length > 1 && !(int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out left) && left > 0))
            || (parts.Length > 2 && !stops) || parts.Length > 3)
            throw new FormatException($"PIPELINE_CRASH_AT '{text}' is not a boundary, and after colons which time and 'stop': submit.after-intent:2. Boundaries: {string.Join(", ", Names)}.");
        return parts[0];
    }
}

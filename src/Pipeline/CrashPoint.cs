using System.Diagnostics;
using System.Globalization;

namespace Pipeline;

/// <summary>
/// The boundaries of durable steps, by name, for the chaos suite: <c>PIPELINE_CRASH_AT=submit.after-intent:2</c> kills the process with SIGKILL the second
/// time it comes by. Without the variable a boundary costs one comparison that the JIT removes.
/// </summary>
internal static class CrashPoint
{
    private static readonly string? Name = Read(out Left);
    private static int Left;

    /// <summary>Comes by a boundary; does not return from the one that was asked for.</summary>
    public static void Pass(string name)
    {
        if (Name is null || Name != name || Interlocked.Decrement(ref Left) != 0)
            return;
        using var self = Process.GetCurrentProcess();
        self.Kill();
        // The signal is on its way; nothing may happen after the boundary.
        Thread.CurrentThread.Join();
    }

    private static string? Read(out int left)
    {
        left = 1;
        if (Environment.GetEnvironmentVariable("PIPELINE_CRASH_AT") is not { Length: > 0 } text)
            return null;
        var parts = text.Split(':');
        if (parts.Length == 2 && !(int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out left) && left > 0))
            throw new FormatException($"PIPELINE_CRASH_AT '{text}' is not a boundary, and after a colon which time: submit.after-intent:2.");
        return parts[0];
    }
}

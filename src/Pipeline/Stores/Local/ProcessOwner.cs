using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace Pipeline.Stores.Local;

/// <summary>
/// The unique name of a process: machine, boot, process id and start time. Stored with everything a process holds, so
/// that a later process can find out whether the holder is still alive.
/// </summary>
internal static class ProcessOwner
{
    private const string ProcFolder = "/proc";

    private static readonly string Boot = OperatingSystem.IsLinux()
        ? File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim()
        : "";

    /// <summary>The name of this process.</summary>
    public static string Current { get; } = Name(Environment.ProcessId)
        ?? throw new InvalidOperationException("This process has no start time.");

    /// <summary>
    /// Whether a process has certainly ended. A process on another machine never counts as ended, because it is not
    /// visible here.
    /// </summary>
    public static bool HasEnded(string owner)
    {
        var parts = owner.Split('/');
        return parts.Length != 4
            || (parts[0] == Environment.MachineName
                && (parts[1] != Boot || !int.TryParse(parts[2], CultureInfo.InvariantCulture, out var id)
                    || Name(id) != owner));
    }

    private static string? Name(int processId) =>
        (OperatingSystem.IsLinux() ? LinuxStart(processId) : PortableStart(processId)) is { } start
            ? $"{Environment.MachineName}/{Boot}/{processId.ToString(CultureInfo.InvariantCulture)}/{start}"
            : null;

    // Process.StartTime is computed from the clock and differs slightly between readers. The kernel's tick count does
    // not.
    private static string? LinuxStart(int processId)
    {
        try
        {
            var stat = File.ReadAllText($"{ProcFolder}/{processId.ToString(CultureInfo.InvariantCulture)}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            // proc(5): the third field is the state; in Z and X the process has ended. The 22nd field is the start
            // time.
            return fields[0] is "Z" or "X" ? null : fields[19];
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static string? PortableStart(int processId)
    {
        try
        {
            using var process = Process.GetProcessById(processId);
            return new DateTimeOffset(process.StartTime.ToUniversalTime())
                .ToUnixTimeSeconds()
                .ToString(CultureInfo.InvariantCulture);
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException or Win32Exception)
        {
            return null;
        }
    }
}

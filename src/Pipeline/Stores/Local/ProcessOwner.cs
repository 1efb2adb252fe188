using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace Pipeline.Stores.Local;

/// <summary>
/// The name of a process that no other process ever has: machine, boot, process id and start time. Written into what a process holds, so that a later one
/// can tell whether the holder still lives.
/// </summary>
internal static class ProcessOwner
{
    private const string ProcFolder = "/proc";

    private static readonly string Boot = OperatingSystem.IsLinux() ? File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim() : "";

    /// <summary>This process.</summary>
    public static string Current { get; } = Name(Environment.ProcessId) ?? throw new InvalidOperationException("This process has no start time.");

    /// <summary>Whether that process has surely ended. One of another machine never counts as ended: it cannot be seen from here.</summary>
    public static bool HasEnded(string owner)
    {
        var parts = owner.Split('/');
        return parts.Length != 4
            || (parts[0] == Environment.MachineName
                && (parts[1] != Boot || !int.TryParse(parts[2], CultureInfo.InvariantCulture, out var id) || Name(id) != owner));
    }

    private static string? Name(int processId) =>
        (OperatingSystem.IsLinux() ? LinuxStart(processId) : PortableStart(processId)) is { } start
            ? $"{Environment.MachineName}/{Boot}/{processId.ToString(CultureInfo.InvariantCulture)}/{start}"
            : null;

    // Process.StartTime is computed from the clock and differs a little from one reader to the next; the kernel's own tick count does not.
    private static string? LinuxStart(int processId)
    {
        try
        {
            var stat = File.ReadAllText($"{ProcFolder}/{processId.ToString(CultureInfo.InvariantCulture)}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            // proc(5): the third field is the state; Z and X have ended and only wait to be reaped. The 22nd is the start.
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
            return new DateTimeOffset(process.StartTime.ToUniversalTime()).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException or Win32Exception)
        {
            return null;
        }
    }
}

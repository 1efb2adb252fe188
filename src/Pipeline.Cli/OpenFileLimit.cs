using System.Globalization;

namespace Pipeline.Cli;

/// <summary>
/// The number of files that the process may have open at once. .NET keeps every assembly open, so a command has about
/// 300 files open before it works; with too few it ends in the middle of something, without a usable message.
/// </summary>
internal static class OpenFileLimit
{
    private const int Needed = 512;
    private const string Row = "Max open files";

    /// <summary>What is wrong with the limit of this process; null for nothing.</summary>
    public static string? FindFault()
    {
        try
        {
            return OperatingSystem.IsLinux() ? FindFault(File.ReadLines("/proc/self/limits")) : null;
        }
        catch (Exception unknown) when (unknown is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>What is wrong with the limits in the form of <c>/proc/self/limits</c>.</summary>
    internal static string? FindFault(IEnumerable<string> limits)
    {
        foreach (var line in limits)
            if (line.StartsWith(Row, StringComparison.Ordinal))
                return int.TryParse(
                    line[Row.Length..].TrimStart().Split(' ')[0], NumberStyles.None, CultureInfo.InvariantCulture,
                    out var files) && files < Needed
                    ? $"This process may have only {files} files open at once, and needs {Needed}. Raise the limit "
                        + "(ulimit -n 1024 in a new shell, LimitNOFILE=1024 for systemd, --ulimit nofile=1024 for "
                        + "Docker), then run the same command again."
                    : null;
        return null;
    }
}

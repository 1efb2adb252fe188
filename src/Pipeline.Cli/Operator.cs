namespace Pipeline.Cli;

/// <summary>Who runs this command, for the log of events.</summary>
internal static class Operator
{
    /// <summary>The user and the machine.</summary>
    public static string Name => $"{Environment.UserName}@{Environment.MachineName}";
}

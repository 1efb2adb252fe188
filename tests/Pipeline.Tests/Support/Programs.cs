using System.Diagnostics;

namespace Pipeline.Tests.Support;

/// <summary>Runs other programs to their end.</summary>
internal static class Programs
{
    // Building and packing takes the longest.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Turns off the debugger's pipes and the diagnostics socket, which a killed .NET process leaves in the temporary
    /// folder.
    /// </summary>
    public static void LeaveNoDiagnosticFiles(this ProcessStartInfo start) =>
        start.Environment["DOTNET_EnableDiagnostics"] = "0";

    /// <summary>Runs a program. One that does not end is killed and fails the test with its output.</summary>
    public static async Task<(int ExitCode, string Output, string Error)> RunAsync(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        using var process = Process.Start(start)!;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            var error = process.StandardError.ReadToEndAsync(limit.Token);
            var output = await process.StandardOutput.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{start.FileName} did not end within {Limit}.");
        }
    }
}

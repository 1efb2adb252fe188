using System.Diagnostics;
using Pipeline.Tests.Support;

namespace Pipeline.Functions.Tests.Host;

/// <summary>Starts an isolated worker in its own process, as the Functions host does.</summary>
internal static class WorkerProcess
{
    /// <summary>Starts a worker.</summary>
    /// <param name="host">The host that it connects to.</param>
    /// <param name="assembly">The app's assembly.</param>
    /// <param name="folder">The app's folder.</param>
    /// <param name="settings">Environment variables. If a name comes twice, its last value counts.</param>
    public static Process Start(
        FunctionsHost host, string assembly, string folder, IEnumerable<(string Name, string? Value)> settings)
    {
        var start = new ProcessStartInfo("dotnet",
        [
            assembly, "--functions-uri", host.WorkerEndpoint.AbsoluteUri, "--functions-worker-id", "worker-1",
            "--functions-request-id", "start", "--functions-grpc-max-message-length", "16777216",
        ]) { WorkingDirectory = folder };
        start.LeaveNoDiagnosticFiles();
        start.Environment["FUNCTIONS_WORKER_DIRECTORY"] = folder;
        start.Environment["FUNCTIONS_APPLICATION_DIRECTORY"] = folder;
        foreach (var (name, value) in settings)
            start.Environment[name] = value;
        return Process.Start(start) ?? throw new InvalidOperationException("The worker does not start.");
    }
}

using System.CommandLine;

namespace Pipeline.Cli.Run;

/// <summary><c>pipeline serve</c>: all stages and the callback endpoint, until it is stopped.</summary>
internal static class ServeCommand
{
    public static Command Create()
    {
        var command = new Command("serve", "Work on whatever lists come in queue url-lists until stopped: over Azure Storage where AzureWebJobsStorage names an account, else over the files of --state.")
        {
            RunCommand.Out, RunCommand.State, RunCommand.Api, RunCommand.StorageUrl, RunCommand.Compress, RunCommand.Listen, RunCommand.CallbackBase,
            RunCommand.Strict, RunCommand.Content, RunCommand.Faults, RunCommand.AllowPrivate, RunCommand.RefuseDomain, RunCommand.MaxUrls, RunCommand.Canary,
        };
        command.SetAction((parsed, cancellationToken) => ServeAsync(RunCommand.Read(parsed) with { Verbose = true }, cancellationToken));
        return command;
    }

    private static async Task<int> ServeAsync(RunSettings settings, CancellationToken cancellationToken)
    {
        var listen = Listener.Choose(settings);
        await Preflight.CheckAsync(settings, cancellationToken);
        Folders.Prepare(settings, withOut: settings.Azure is null);
        await using var host = await RunHost.StartAsync(settings, listen, cancellationToken);
        await Console.Error.WriteLineAsync($"Serving {settings.StoreName}; status and callbacks at {listen}. 'pipeline submit' brings lists.");
        await host.ServeAsync(cancellationToken);
        await Console.Error.WriteLineAsync("Stopped. Nothing is lost: whoever serves next goes on.");
        return ExitCodes.Complete;
    }
}

using System.CommandLine;
using Pipeline.Cli.Doctor;
using Pipeline.Cli.Run;
using Pipeline.Cli.Settings;
using Pipeline.Model;

namespace Pipeline.Cli.Serving;

/// <summary><c>pipeline serve</c>: runs all stages and the callback endpoint until it is stopped.</summary>
internal static class ServeCommand
{
    /// <summary>The command's name.</summary>
    public const string Name = "serve";

    public static Command Create()
    {
        var command = new Command(
            Name,
            "Process submitted lists until stopped, in the storage account that "
                + "AzureWebJobsStorage names, else in --state.")
        {
            RunOptions.Strict,
        };
        foreach (var option
            in RunOptions.ForHost.Except([RunOptions.Verbose, RunOptions.Json, RunOptions.Quiet]))
            command.Add(option);
        command.SetAction((parsed, cancellationToken) =>
            ServeAsync(SettingsReader.Read(parsed) with { Verbose = true }, cancellationToken));
        return command;
    }

    private static async Task<int> ServeAsync(RunSettings settings, CancellationToken cancellationToken)
    {
        RequireApi(settings);
        Action<string> say = Console.Error.WriteProse;
        Listener.Check(settings);
        await Preflight.CheckAsync(settings, cancellationToken);
        settings.WorkStore.PrepareToServe();
        await using var host = await RunHost.StartAsync(settings, say, cancellationToken);
        if (settings.IsEmbedded)
            say(EmulatorNotice.Text);
        say($"Serving {settings.WorkStore.Name}; status and callbacks at {host.Address}. "
            + $"'{Shell.Command(settings, "submit LIST")}' submits lists.");
        await host.ServeAsync(cancellationToken);
        say("Stopped. Nothing is lost; the next 'pipeline serve' continues.");
        return ExitCodes.Complete;
    }

    /// <summary>Lists in a storage account are real work, which an emulator must not answer.</summary>
    private static void RequireApi(RunSettings settings)
    {
        if (settings is { WorkStore.IsShared: true, IsEmbedded: true })
            throw PipelineException.Permanent(
                FailureReasons.InvalidConfiguration,
                "NIMBLE_API_KEY is not set. Set it to process lists of a storage account, or "
                    + "name another API with --api.");
    }
}

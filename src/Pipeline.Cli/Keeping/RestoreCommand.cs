using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Cli.Run;
using Pipeline.Cli.Settings;
using Pipeline.Cli.Stores;
using Pipeline.Hosting;
using Pipeline.IO;
using Pipeline.Model;
using Pipeline.Ports.Ledgers;
using Pipeline.Stores;
using Pipeline.Stores.Keeping;

namespace Pipeline.Cli.Keeping;

/// <summary><c>pipeline restore</c>: brings a backup back, or says that all is well after one.</summary>
internal static class RestoreCommand
{
    private static readonly Option<string?> From = new("--from")
    {
        Description = "The backup: a file, or its address, as for 'pipeline backup'.", HelpName = "FILE",
    };

    private static readonly Option<bool> Replace = new("--replace")
    {
        Description = "Replace a state or ledger that is there.",
    };

    private static readonly Option<bool> Force = new("--force")
    {
        Description = "Replace a storage account's ledger although something wrote to it within two minutes.",
    };

    private static readonly Option<bool> Done = new("--done")
    {
        Description = "Post from now on without looking for batches that were posted after the backup.",
    };

    private static readonly Option<bool> Lost = new("--lost")
    {
        Description = "Name the lists that were posted after the backup and that nobody has sent again.",
    };

    public static Command Create()
    {
        var command = new Command("restore", "Bring a backup back. Stop all other processes first.")
        {
            From, Replace, Force, Lost, Done, RunOptions.Out, RunOptions.State,
        };
        command.Validators.Add(result =>
        {
            bool[] said = [result.GetValue(From) is not null, result.GetValue(Lost), result.GetValue(Done)];
            if (said.Count(isSaid => isSaid) != 1)
                result.AddError("Name the backup with --from FILE, or say --lost or --done after a restore.");
        });
        command.SetAction((parsed, cancellationToken) =>
        {
            var settings = SettingsReader.Read(parsed);
            return parsed.GetValue(Done) ? EndAsync(settings, cancellationToken)
                : parsed.GetValue(Lost) ? LostListReport.WriteAsync(settings, cancellationToken)
                : RestoreAsync(
                    settings, parsed.GetValue(From)!, new(parsed.GetValue(Replace), parsed.GetValue(Force)),
                    cancellationToken);
        });
        return command;
    }

    private static async Task<int> EndAsync(RunSettings settings, CancellationToken cancellationToken)
    {
        settings.WorkStore.RequireExisting();
        await using var stores = await StoreAccess.OpenAsync(settings, cancellationToken);
        await stores.Services.GetRequiredService<IRestoreLedger>().ForgetRestoreAsync(cancellationToken);
        await Console.Out.WriteProseAsync(
            "From now on, submissions are posted without a look at Nimble. Those that are being looked for are not "
                + "posted before that look has ended.");
        return ExitCodes.Complete;
    }

    private static async Task<int> RestoreAsync(
        RunSettings settings, string from, RestoreChoice choice, CancellationToken cancellationToken)
    {
        var paragraphs = await settings.WorkStore.RestoreAsync(
            token => OpenAsync(settings, from, token), choice, cancellationToken);
        foreach (var paragraph in paragraphs)
            await Console.Out.WriteProseAsync(paragraph);
        await Console.Out.WriteProseAsync(
            "What the backup does not call posted may have been posted since. So it is looked for at Nimble before it "
                + "is posted. Send the lists again that were sent after the backup: they are looked for too. "
                + $"'{Shell.Command(settings, "status")}' says how long this goes on.");
        await Console.Out.WriteProseAsync(
            $"To name those that nobody has sent again: '{Shell.Command(settings, "restore --lost")}'");
        return ExitCodes.Complete;
    }

    private static async Task<Stream> OpenAsync(
        RunSettings settings, string from, CancellationToken cancellationToken)
    {
        if (!from.Contains("://", StringComparison.Ordinal))
            return File.Exists(from)
                ? File.OpenRead(from)
                : throw PipelineException.Permanent(
                    FailureReasons.InvalidConfiguration,
                    $"There is no file {Path.GetFullPath(from)}. Name the backup with --from.");
        var registered = new ServiceCollection().AddLogging()
            .AddSingleton(TimeProvider.System).AddCloudObjects(settings.Stores);
        if (settings.Azure is { } account)
            registered.AddAzureStores(account);
        await using var services = registered.BuildServiceProvider();
        var stores = new ObjectStores(services.GetServices<Ports.IObjectStore>());
        await using var read = await stores.OpenAsync(ObjectUri.Parse(from), cancellationToken)
            ?? throw PipelineException.Permanent(FailureReasons.InvalidConfiguration, $"There is no backup at {from}.");
        var file = PrivateFiles.CreateTemporary(settings.WorkStore.TemporaryFolder);
        await read.Body.CopyToAsync(file, cancellationToken);
        file.Position = 0;
        return file;
    }
}

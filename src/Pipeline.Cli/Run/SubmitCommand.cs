using System.CommandLine;

namespace Pipeline.Cli.Run;

/// <summary><c>pipeline submit</c>: lists for a pipeline that is served elsewhere.</summary>
internal static class SubmitCommand
{
    private static readonly Argument<string[]> Lists = new("LIST")
    {
        Description = "Files of URLs (text, CSV, NDJSON, JSON or a Nimble batch body), '-' for standard input, or URLs.",
        Arity = ArgumentArity.OneOrMore,
    };

    public static Command Create()
    {
        var command = new Command("submit", "Drop lists into queue url-lists of the storage account that AzureWebJobsStorage names, else of --state, and print their ids.")
        {
            Lists, RunCommand.Out, RunCommand.State, RunCommand.Shared, RunCommand.UrlColumn, RunCommand.Strict,
        };
        command.SetAction((parsed, cancellationToken) => SubmitAsync(RunCommand.Read(parsed) with { Lists = parsed.GetValue(Lists)! }, cancellationToken));
        return command;
    }

    private static async Task<int> SubmitAsync(RunSettings settings, CancellationToken cancellationToken)
    {
        await using var lists = new ListFiles(settings, Terminal.On(Console.Error));
        await lists.InspectAsync(cancellationToken);
        if (settings.Azure is null)
            Folders.Prepare(settings, withOut: false);
        await using var stores = await StoreAccess.OpenAsync(settings, cancellationToken);
        foreach (var id in await lists.SubmitAsync(stores.Services, cancellationToken))
            await Console.Out.WriteLineAsync(id);
        return ExitCodes.Complete;
    }
}

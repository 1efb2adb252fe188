using System.CommandLine;

namespace Pipeline.Cli.Run;

/// <summary><c>pipeline submit</c>: lists for a pipeline that is served elsewhere.</summary>
internal static class SubmitCommand
{
    private static readonly Argument<string[]> Lists = ListArgument.Create(
        "Files of URLs (text, CSV, NDJSON, JSON or a Nimble batch body), '-' for standard input, or URLs.",
        ArgumentArity.OneOrMore);

    public static Command Create()
    {
        var command = new Command(
            "submit", "Put lists into the queue of a pipeline that is served elsewhere, and print their ids.")
        {
            Lists, RunOptions.Out, RunOptions.State, RunOptions.Shared, RunOptions.UrlColumn, RunOptions.Strict,
        };
        command.SetAction((parsed, cancellationToken) =>
            SubmitAsync(SettingsReader.Read(parsed) with { Lists = parsed.GetValue(Lists)! }, cancellationToken));
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

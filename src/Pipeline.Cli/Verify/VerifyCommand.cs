using System.CommandLine;
using System.Text.Json;
using Pipeline.Cli.Inputs;
using Pipeline.Cli.Settings;
using Pipeline.Model;
using Pipeline.Notation;
using Pipeline.Records;
using Pipeline.Stores.Azure;

namespace Pipeline.Cli.Verify;

/// <summary><c>pipeline verify</c>: reads results again and says what is wrong with them, and where.</summary>
internal static class VerifyCommand
{
    private static readonly Argument<string?> What = new Argument<string?>("DIR|LIST_ID")
    {
        Description = "Folder of results, or id of a list in the storage account that AzureWebJobsStorage names, else "
            + "in --out. Default: everything in --out.",
        Arity = ArgumentArity.ZeroOrOne,
    }.RefusingOptions();

    private static readonly Option<bool> Json = new("--json")
    {
        Description = "Print the report as one JSON object to standard output.",
    };

    public static Command Create()
    {
        var command = new Command(
            "verify",
            "Read results again: every digest, every count, every id once. Exit code 3 if something is wrong.")
        {
            What, RunOptions.Out, Json,
        };
        command.SetAction(
            (parsed, cancellationToken) =>
                VerifyAsync(
                    SettingsReader.Read(parsed), parsed.GetValue(What), parsed.GetValue(Json), Console.Out,
                    cancellationToken));
        return command;
    }

    internal static async Task<int> VerifyAsync(
        RunSettings settings, string? what, bool json, TextWriter output, CancellationToken cancellationToken)
    {
        var report = await ReportAsync(settings, what, cancellationToken);
        if (report is { Lists: 0, Records: 0, Failures: 0 } && what is not null && !Directory.Exists(what))
            throw settings.WorkStore.IsShared
                ? ListArguments.Unknown(settings, what)
                : Unusable($"There is no list {DisplayText.Quote(what)} in {settings.Out}.");
        if (json)
            await output.WriteLineAsync(JsonSerializer.Serialize(report, VerificationJson.Default.VerificationReport));
        else
            await WriteAsync(report, output);
        return report.Ok ? ExitCodes.Complete : ExitCodes.SomeFailed;
    }

    private static Task<VerificationReport> ReportAsync(
        RunSettings settings, string? what, CancellationToken cancellationToken)
    {
        if (what is not null && Directory.Exists(what))
            return VerifyFolderAsync(what, listId: null, cancellationToken);
        if (what is not null && (what.AsSpan().ContainsAny('/', '\\', '.') || File.Exists(what)))
            throw Unusable($"There is no folder {what}.");
        if (what is not null && settings.Azure is { } account)
            return VerifyAccountAsync(account, what, cancellationToken);
        return Directory.Exists(settings.Out)
            ? VerifyFolderAsync(settings.Out, what, cancellationToken)
            : throw Unusable($"There is no folder {settings.Out}.");
    }

    private static async Task<VerificationReport> VerifyFolderAsync(
        string folder, string? listId, CancellationToken cancellationToken)
    {
        string[] files = ["records.ndjson", "failures.ndjson", "manifest.json"];
        if (!files.Any(file => File.Exists(Path.Combine(folder, file))))
            throw Unusable($"{folder} holds no results: none of {string.Join(", ", files)}.");
        return await FolderVerifier.VerifyAsync(folder, listId, cancellationToken: cancellationToken);
    }

    private static async Task<VerificationReport> VerifyAccountAsync(
        AzureStorageOptions options, string listId, CancellationToken cancellationToken)
    {
        using var account = new AzureAccount(options);
        try
        {
            return await AccountVerifier.VerifyAsync(account.Blobs, listId, cancellationToken: cancellationToken);
        }
        catch (Exception e)
            when (AzureErrors.Translate(
                e, "Azure Storage", account.Access("Storage Blob Data Reader"), cancellationToken) is { } problem)
        {
            throw problem;
        }
    }

    private static async Task WriteAsync(VerificationReport report, TextWriter output)
    {
        foreach (var problem in report.Problems)
            await output.WriteProseAsync(problem.ToString().ReplaceLineEndings(" "));
        if (report.ProblemCount > report.Problems.Count)
            await output.WriteLineAsync(
                $"… and {Amount.Of(report.ProblemCount - report.Problems.Count, "further problem")}");
        await output.WriteProseAsync(
            $"{Amount.Of(report.Records, "record")} ({report.ContentsVerified:N0} with their content) and "
            + $"{Amount.Of(report.Failures, "failure")} of {Amount.Of(report.Lists, "list")} read: "
            + (report.Ok ? "all as it should be." : $"{Amount.Of(report.ProblemCount, "problem")}."));
    }

    private static PipelineException Unusable(string why) =>
        PipelineException.Permanent(
            FailureReasons.InvalidConfiguration,
            $"{why} Name the --out of the run you mean, or set AzureWebJobsStorage to the list's storage account.");
}

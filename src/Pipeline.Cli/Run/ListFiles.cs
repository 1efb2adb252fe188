using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Emulator.Sample;
using Pipeline.Intake;
using Pipeline.Ledger;
using Pipeline.Ports;
using Pipeline.Stores.Objects;
using Spectre.Console;

namespace Pipeline.Cli.Run;

/// <summary>
/// The lists of a run. They are checked before anything is written, and then copied beside the queues, so that a run that goes on after a kill
/// reads the very same list.
/// </summary>
internal sealed class ListFiles(RunSettings settings, IAnsiConsole console) : IAsyncDisposable
{
    private readonly List<(string Name, string Path, ListInspection Inspection)> _lists = [];
    private readonly List<string> _temporary = [];

    /// <summary>Reads every list once: a list that cannot be read, or that has no URL, ends the run here.</summary>
    public async Task InspectAsync(CancellationToken cancellationToken)
    {
        foreach (var (name, path) in await CollectAsync(cancellationToken))
        {
            var inspection = await InspectAsync(name, path, cancellationToken);
            foreach (var warning in inspection.Warnings)
                console.WriteWhole($"{name}: {warning}");
            var same = _lists.Find(l => l.Inspection.ListId == inspection.ListId);
            if (same.Inspection is null)
                _lists.Add((name, path, inspection));
            else if (same.Inspection.ContentHash != inspection.ContentHash)
                throw Named(name, ListIds.Taken(inspection.ListId));
        }
    }

    /// <summary>Hands the lists to Intake, those it does not have yet; returns their ids.</summary>
    public async Task<IReadOnlyList<string>> SubmitAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        var admission = new ListAdmission(services.GetRequiredService<ILedger>(), services.GetRequiredService<TimeProvider>());
        var queue = services.GetRequiredService<IWorkQueue>();
        var objects = services.GetRequiredService<ObjectStores>();
        foreach (var (name, path, inspection) in _lists)
        {
            var entry = await AcceptAsync(admission, name, inspection, cancellationToken);
            if (entry.State == ListState.Closed)
            {
                console.WriteWhole($"{name} was completed {(settings.Azure is null ? "in this folder" : "in this account")} on "
                    + $"{entry.ClosedAt:yyyy-MM-dd HH:mm} UTC.{(settings.Azure is null ? " Name another --out to fetch it again." : "")}");
            }
            if (entry.State != ListState.Planning)
                continue;
            var copy = settings.ListFolder.Append(inspection.ListId + Path.GetExtension(name));
            await using (var list = File.OpenRead(path))
                await objects.WriteAsync(copy, list, cancellationToken);
            var pointer = new ListPointer(copy.ToString(), settings.SharedInputs, inspection.ListId, name)
            {
                Form = inspection.Form,
                UrlColumn = settings.UrlColumn,
                ContentHash = inspection.ContentHash,
            };
            await queue.SendAsync(QueueNames.UrlLists, [pointer.ToMessage()], TimeSpan.Zero, cancellationToken);
        }

        return [.. _lists.Select(l => l.Inspection.ListId)];
    }

    public ValueTask DisposeAsync()
    {
        _temporary.ForEach(File.Delete);
        return ValueTask.CompletedTask;
    }

    /// <summary>Names and files: as given; standard input, URLs and the sample site are written to temporary files first.</summary>
    private async Task<IReadOnlyList<(string Name, string Path)>> CollectAsync(CancellationToken cancellationToken)
    {
        if (settings.Lists.Count == 0)
            return [("sample site", await KeepAsync(new MemoryStream(SampleList()), cancellationToken))];
        var urls = settings.Lists.Where(IsUrl).ToList();
        var files = new List<(string, string)>();
        foreach (var list in settings.Lists.Where(l => !IsUrl(l)))
            files.Add(list == "-" ? ("standard input", await KeepAsync(Console.OpenStandardInput(), cancellationToken)) : (Path.GetFileName(list), Path.GetFullPath(list)));
        if (urls.Count > 0)
            files.Add(("command line", await KeepAsync(Text(urls), cancellationToken)));
        return files;
    }

    /// <summary>The sample site with everything that can be asked for, so that its records show what a record can hold.</summary>
    private byte[] SampleList() => settings.IsEmbedded || settings.Api!.IsLoopback
        ? JsonSerializer.SerializeToUtf8Bytes(new { inputs = SampleSite.Urls.Select(url => new { url }), shared_inputs = new { formats = (string[])["html", "markdown", "text"], parse = true } })
        : throw PipelineException.Permanent(FailureReasons.InvalidConfiguration, "Name a LIST: the sample site exists only beside the emulator.");

    private async Task<ListInspection> InspectAsync(string name, string path, CancellationToken cancellationToken)
    {
        try
        {
            var source = new ListSource(_ => ValueTask.FromResult<Stream>(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read)), name)
            {
                UrlColumn = settings.UrlColumn,
            };
            return await ListInspector.InspectAsync(source, settings.SharedInputs, new() { Strict = settings.Strict }, cancellationToken: cancellationToken);
        }
        catch (PipelineException problem)
        {
            throw Named(name, problem);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw PipelineException.Permanent(FailureReasons.InvalidConfiguration, $"The list {path} cannot be read: {problem.Message}", problem);
        }
    }

    /// <summary>The list's entry in the ledger, before its message: an id that was printed is known to <c>pipeline status</c> at once.</summary>
    private static async Task<ListEntry> AcceptAsync(ListAdmission admission, string name, ListInspection inspection, CancellationToken cancellationToken)
    {
        try
        {
            return await admission.AcceptAsync(inspection, name, cancellationToken);
        }
        catch (PipelineException problem) when (problem.IsPermanent)
        {
            throw Named(name, problem);
        }
    }

    // Of several lists, the one it is about must be told.
    private static PipelineException Named(string name, PipelineException problem) => problem is { IsPermanent: true, IsStoreFault: false }
        ? PipelineException.Permanent(problem.Reason, $"{name}: {problem.Message}", problem)
        : problem;

    private static bool IsUrl(string text) => text.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || text.StartsWith("https://", StringComparison.OrdinalIgnoreCase);

    private static MemoryStream Text(IEnumerable<string> urls) => new(Encoding.UTF8.GetBytes(string.Join('\n', urls) + "\n"));

    private async Task<string> KeepAsync(Stream content, CancellationToken cancellationToken)
    {
        var path = Path.GetTempFileName();
        _temporary.Add(path);
        await using var file = File.Create(path);
        await content.CopyToAsync(file, cancellationToken);
        return path;
    }
}

using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Hosting;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Stores.Local;
using Pipeline.Stores.Local.Ledger;
using Pipeline.Stores.Local.Queues;
using Pipeline.Stores.Local.Records;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Child;

/// <summary>
/// A small pipeline over the real local ports: cuts a list into submissions, and makes each input a record, or every
/// tenth a failure.
/// </summary>
internal sealed class Worker(LocalDatabase database, NdjsonRecordStore sink, int inputs, TimeSpan visibility)
    : IAsyncDisposable
{
    private const int PerSubmission = 100;

    private readonly LocalWorkQueue _queue = new(database, TimeProvider.System);
    private readonly LocalLedger _ledger = new(database);

    public static async Task<Worker> OpenAsync(string folder, int inputs, TimeSpan visibility)
    {
        var database = await LocalDatabase.OpenAsync(Path.Combine(folder, "state"), CancellationToken.None);
        var sink = await NdjsonRecordStore.OpenAsync(
            database, Path.Combine(folder, "out"), NullLogger<NdjsonRecordStore>.Instance, CancellationToken.None);
        return new(database, sink, inputs, visibility);
    }

    public async Task RunAsync()
    {
        if ((await _ledger.CreateListAsync(Some.List() with { Inputs = inputs }, default)).State == ListState.Planning)
            await _queue.SendAsync(QueueNames.UrlLists, [Encoding.UTF8.GetBytes("list")], TimeSpan.Zero, default);
        var options = new QueueHostOptions { Visibility = visibility, RetryDelay = TimeSpan.FromMilliseconds(20) };
        QueueHandler[] handlers =
        [
            new(QueueNames.UrlLists, 1, PlanAsync),
            new(QueueNames.Submissions, 2, SubmitAsync),
            new(QueueNames.Results, 16, CollectAsync),
        ];
        var runner = new QueueHost(
            _queue, handlers, CloseAsync, (_, _, error, _) => throw error, options,
            TimeProvider.System, new Random(1), new(TimeProvider.System), NullLogger<QueueHost>.Instance);
        await runner.RunAsync(
            async cancellationToken =>
                (await _ledger.GetListAsync("list", cancellationToken))!.State == ListState.Closed,
            default);
    }

    public async ValueTask DisposeAsync()
    {
        sink.Dispose();
        await database.DisposeAsync();
    }

    private async Task PlanAsync(ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        for (var sequence = 0; sequence * PerSubmission < inputs; sequence++)
        {
            var submission = Some.Submission(
                "list", sequence, Math.Min(PerSubmission, inputs - (sequence * PerSubmission)));
            await _ledger.CreateSubmissionAsync(submission, Some.Inputs(submission), cancellationToken);
            await _queue.SendAsync(
                QueueNames.Submissions, [Encoding.UTF8.GetBytes(submission.SubmissionId)], TimeSpan.Zero,
                cancellationToken);
        }
        var list = await _ledger.GetListAsync("list", cancellationToken);
        if (list!.State == ListState.Planning)
            await _ledger.UpdateListAsync(list with { State = ListState.Open }, cancellationToken);
    }

    private async Task SubmitAsync(ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var submission = (await _ledger.GetSubmissionAsync(Encoding.UTF8.GetString(body.Span), cancellationToken))!;
        if (submission.State != SubmissionState.Planned)
            return;
        var messages = Enumerable.Range(0, submission.Count)
            .Select(
                ordinal => new ReadOnlyMemory<byte>(Encoding.UTF8.GetBytes($"{submission.SubmissionId}|{ordinal}")));
        await _queue.SendAsync(QueueNames.Results, [.. messages], TimeSpan.Zero, cancellationToken);
        await _ledger.UpdateSubmissionAsync(submission with { State = SubmissionState.Accepted }, cancellationToken);
    }

    private async Task CollectAsync(ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var parts = Encoding.UTF8.GetString(body.Span).Split('|');
        var input = (
            await _ledger.GetInputAsync(
                parts[0], int.Parse(parts[1], CultureInfo.InvariantCulture), cancellationToken))!;
        var fails = input.Ordinal % 10 == 9;
        if (fails)
            await sink.PutFailuresAsync([Some.Failure(input.Id)], cancellationToken);
        else
            await sink.PutRecordsAsync(
                input.Id, [TextRecord.Of(input.Id, padding: input.Ordinal % 25 == 0 ? 1_000_000 : 500)],
                cancellationToken);
        if (input.State == InputState.Waiting)
            await _ledger.UpdateInputsAsync(
                [input with { State = fails ? InputState.Failed : InputState.Recorded }], [], cancellationToken);
    }

    private async Task CloseAsync(CancellationToken cancellationToken)
    {
        var list = (await _ledger.GetListAsync("list", cancellationToken))!;
        if (list.State != ListState.Open)
            return;
        var (records, failures) = (0, 0);
        await foreach (var submission in _ledger.GetSubmissionsAsync("list", 0, cancellationToken))
        {
            var states = (
                await _ledger.GetInputsAsync(submission.SubmissionId, cancellationToken)).Select(input =>
                    input.State).ToList();
            if (states.Contains(InputState.Waiting))
                return;
            records += states.Count(state => state == InputState.Recorded);
            failures += states.Count(state => state == InputState.Failed);
        }
        await sink.PutManifestAsync(
            Some.Manifest("list", records, failures, await sink.GetLocationsAsync("list", cancellationToken)),
            cancellationToken);
        await _ledger.UpdateListAsync(list with { State = ListState.Closed, ClosedAt = Some.Time }, cancellationToken);
    }
}

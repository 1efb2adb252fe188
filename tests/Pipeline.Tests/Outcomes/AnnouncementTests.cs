using Moq;
using Pipeline.Model;
using Pipeline.Outcomes;
using Pipeline.Ports;
using Pipeline.Staging;
using Pipeline.Stores.Local;
using Pipeline.Stores.Local.Ledger;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Outcomes;

/// <summary>Only records that won in the ledger are announced, and each at least once.</summary>
[Trait("Promise", "7")]
public sealed class AnnouncementTests : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private readonly AwaitedTime _time = new(Some.Time);
    private readonly List<string> _announced = [];
    private readonly SubmissionEntry _submission = Some.Submission(count: 3) with
    {
        State = SubmissionState.Accepted, AcceptedAt = Some.Time,
    };
    private LocalDatabase _database = null!;
    private LocalLedger _ledger = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _database = await LocalDatabase.OpenAsync(_folder.Path, Token);
        _ledger = new(_database);
        await _ledger.CreateSubmissionAsync(
            _submission, [.. Enumerable.Range(0, 3).Select(i => Waiting(i))], Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _database.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task TheRecordsOfAMessageAreOneAnnouncement()
    {
        await RecordAsync(Recorder("p"), 0, 1);

        Assert.Equal(["p: 0 1"], _announced);
        Assert.Equal(
            ["list-000000/p.ndjson.gz", "list-000000/p.ndjson.gz", null],
            (await InputsAsync()).Select(i => i.Place?.Part));
    }

    [Fact]
    public async Task ARecordWhoseInputAnotherWorkerClosedIsNotAnnounced()
    {
        var stale = await InputsAsync();
        await RecordAsync(Recorder("first"), 1);

        // The second worker's read is older.
        await RecordAsync(Recorder("second"), stale, [0, 1, 2], Token);

        Assert.Equal(["first: 1", "second: 0 2"], _announced);
        Assert.Equal("list-000000/first.ndjson.gz", (await InputsAsync())[1].Place!.Part);
    }

    [Fact]
    public async Task AMessageThatComesAgainAnnouncesWhatItsWorkerDidNot()
    {
        var killed = Recorder("p", cannotAnnounce: true);
        await Assert.ThrowsAsync<PipelineException>(() => RecordAsync(killed, 0, 2));

        var next = Recorder("q");
        await next.AnnounceAgainAsync(_submission, await InputsAsync(), Token);
        await next.AnnounceAgainAsync(_submission, await InputsAsync(), Token);

        Assert.Equal(["p: 0 2"], _announced);
    }

    [Fact]
    public async Task AStopDoesNotComeBetweenTheLedgerAndTheAnnouncement()
    {
        using var stop = new CancellationTokenSource();
        var recorder = Recorder("p", onStored: stop.Cancel);

        await RecordAsync(recorder, await InputsAsync(), [0, 1], stop.Token);

        Assert.Equal(["p: 0 1"], _announced);
        Assert.Equal(InputState.Recorded, (await InputsAsync())[0].State);
    }

    [Fact]
    public async Task AnAnnouncementThatHangsEndsSoonAfterTheStop()
    {
        using var stop = new CancellationTokenSource();
        var recorder = Recorder("p", hangs: true);
        var recording = RecordAsync(recorder, await InputsAsync(), [0], stop.Token);

        await stop.CancelAsync();
        await Patience.UntilAsync(() => _time.IsAwaited);
        Assert.False(recording.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(10));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => recording.WaitAsync(Patience.Limit, Token));
    }

    /// <summary>The recorder of another process, whose parts have this name.</summary>
    private OutcomeRecorder Recorder(
        string part, bool cannotAnnounce = false, Action? onStored = null, bool hangs = false)
    {
        var store = RecordStores.Mock();
        store.Setup(s => s.PutRecordsAsync(
                It.IsAny<string>(), It.IsAny<IReadOnlyList<StagedRecord>>(), It.IsAny<CancellationToken>()))
            .ReturnsAsync((string _, IReadOnlyList<StagedRecord> records, CancellationToken _) =>
            {
                onStored?.Invoke();
                return
                [
                    .. records.Select(
                        (r, i) => new StoredRecord(r.Id, new($"list-000000/{part}.ndjson.gz", i * 10, 10))),
                ];
            });
        store.Setup(s => s.LocatePart("list", It.IsAny<string>()))
            .Returns((string _, string name) => new Uri($"https://store.example/records/list/{name}"));
        var announcer = new Mock<IRecordAnnouncer>();
        announcer.Setup(a => a.AnnounceAsync(It.IsAny<StoredPart>(), It.IsAny<CancellationToken>()))
            .Returns(async (StoredPart said, CancellationToken token) =>
            {
                if (hangs)
                    await Task.Delay(Timeout.InfiniteTimeSpan, _time, token);
                token.ThrowIfCancellationRequested();
                if (cannotAnnounce)
                    throw PipelineException.StoreWaits(FailureReasons.Unavailable, "Down.");
                var name = said.Uri.Split('/')[^1].Split('.')[0];
                _announced.Add($"{name}: {string.Join(' ', said.Records.Select(r => r.Id[^1]))}");
            });
        return new(
            _ledger, store.Object, new(store.Object, [announcer.Object]), new(_ledger, _time), new(), _time);
    }

    private async Task RecordAsync(OutcomeRecorder recorder, params int[] ordinals) =>
        await RecordAsync(recorder, await InputsAsync(), ordinals, Token);

    private Task RecordAsync(
        OutcomeRecorder recorder, IReadOnlyList<InputEntry> inputs, int[] ordinals, CancellationToken stopping) =>
        recorder.RecordAsync(
            _submission,
            [
                .. ordinals.Select(i => new CollectedRecord(
                    inputs[i], new(_submission.SubmissionId, $"t-{i}", DiscoveredBy.Webhook, Some.Time),
                    TextRecord.Of(inputs[i].Id))),
            ],
            stopping);

    private Task<IReadOnlyList<InputEntry>> InputsAsync() =>
        _ledger.GetInputsAsync(_submission.SubmissionId, Token);

    private InputEntry Waiting(int ordinal) => Some.Input(_submission.SubmissionId, ordinal) with
    {
        Id = $"id-{ordinal}", State = InputState.Waiting, Reason = null, Failure = null, MovedTo = null,
    };
}

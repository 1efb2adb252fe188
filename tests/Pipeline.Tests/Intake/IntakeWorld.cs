using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Intake;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Ports;
using Pipeline.Ports.Ledgers;
using Pipeline.Staging;

namespace Pipeline.Tests.Intake;

/// <summary>
/// The stage with its ports in memory. Any port call can be made to fail, before or after its effect.
/// </summary>
internal sealed class IntakeWorld : IWorkQueue, IRecordStore, IObjectStore, IListOrigins
{
    private readonly FakeLedger _ledger;
    private int _calls;

    public IntakeWorld()
    {
        _ledger = new(Call);
        Options.Intake.SourcePrefixes.Add("s3://lists/in/");
    }

    public PipelineOptions Options { get; } = new();

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    public FakeLedger Ledger => _ledger;

    public List<string> Sent { get; } = [];

    public Dictionary<string, Failure> Failures { get; } = [];

    public Dictionary<string, byte[]> Objects { get; } = [];

    /// <summary>The original messages of lists.</summary>
    public Dictionary<string, byte[]> Origins { get; } = [];

    /// <summary>The number of the port call that fails, from 1; 0 for none.</summary>
    public int FailAt { get; set; }

    public bool FailAfterEffect { get; set; }

    public int Calls => _calls;

    /// <summary>Called before an object is opened.</summary>
    public Action Opening { get; set; } = () => { };

    public IReadOnlyList<string> Schemes => ["s3"];

    public Task<ListEntry> HandleAsync(string message) => HandleAsync(Encoding.UTF8.GetBytes(message));

    public Task<ListEntry> HandleAsync(byte[] message) =>
        new IntakeStage(
            _ledger, new(_ledger, this, new(this, [])), new(_ledger, this, Time), new(_ledger, Time), this,
            Microsoft.Extensions.Options.Options.Create(Options), NullLogger<IntakeStage>.Instance)
            .HandleAsync(message, TestContext.Current.CancellationToken);

    public Task PutOriginAsync(string listId, ReadOnlyMemory<byte> message, CancellationToken cancellationToken) =>
        Call(() => Origins[listId] = message.ToArray());

    public Task<byte[]?> FindOriginAsync(string listId, CancellationToken cancellationToken) =>
        Task.FromResult(Origins.GetValueOrDefault(listId));

    public IEnumerable<InputEntry> Inputs =>
        _ledger.Submissions.Values.OrderBy(s => s.Sequence).SelectMany(s => _ledger.Inputs[s.SubmissionId]);

    public IEnumerable<InputEntry> Good => Inputs.Where(i => i.State == InputState.Waiting);

    public static byte[] Gzip(byte[] bytes, CompressionLevel level = CompressionLevel.Fastest)
    {
        using var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, level, leaveOpen: true))
            gzip.Write(bytes);
        return stream.ToArray();
    }

    /// <summary>Asserts that nothing was planned and that the ledger has the reason.</summary>
    public void AssertRefused(string message)
    {
        var list = Assert.Single(_ledger.Lists.Values);
        Assert.Equal((ListState.Refused, message), (list.State, list.Message));
        Assert.Empty(_ledger.Submissions);
        Assert.Empty(Sent);
        Assert.Empty(Failures);
    }

    /// <summary>Serializes everything that a repeat must not change.</summary>
    public string Snapshot() => JsonSerializer.Serialize(new
    {
        Lists = _ledger.Lists.Values.Select(l => l with { Version = "" }),
        Submissions = _ledger.Submissions.Values.OrderBy(s => s.SubmissionId),
        Inputs = _ledger.Inputs.OrderBy(i => i.Key),
        Failures = Failures.OrderBy(f => f.Key),
        Sent = Sent.Distinct().Order(),
    });

    public Task SendAsync(
        string queue, IReadOnlyList<ReadOnlyMemory<byte>> messages, TimeSpan delay,
        CancellationToken cancellationToken) => Call(() =>
    {
        Assert.Equal(QueueNames.Submissions, queue);
        Sent.AddRange(
            messages.Select(m => JsonDocument.Parse(m).RootElement.GetProperty("submission_id").GetString()!));
        return 0;
    });

    public Task<IReadOnlyList<StoredDocument>> PutFailuresAsync(
        IReadOnlyList<Failure> failures,
        CancellationToken cancellationToken) => Call<IReadOnlyList<StoredDocument>>(() =>
    {
        foreach (var failure in failures)
            Failures.TryAdd(failure.Id, failure);
        return [];
    });

    public Task<ObjectRead?> OpenAsync(ObjectUri uri, CancellationToken cancellationToken)
    {
        Opening();
        return Task.FromResult<ObjectRead?>(
            Objects.TryGetValue(uri.ToString(), out var bytes) ? new MemoryRead(bytes) : null);
    }

    public Task<IReadOnlyList<StoredRecord>> PutRecordsAsync(
        string part, IReadOnlyList<StagedRecord> records, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task RemoveFailuresAsync(string listId, IReadOnlyList<string> ids, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<IReadOnlyDictionary<string, StoredRecord>> FindRecordsAsync(
        string listId, string submissionId, IReadOnlyList<string> ids,
        CancellationToken cancellationToken) => throw new NotSupportedException();

    public Uri? LocatePart(string listId, string part) => throw new NotSupportedException();

    public Task CloseSubmissionAsync(
        string listId, string submissionId, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<IReadOnlyList<RecordLocation>> GetLocationsAsync(string listId, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<StoredDocument?> PutManifestAsync(Manifest manifest, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task WriteAsync(ObjectUri uri, Stream content, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public IAsyncEnumerable<ObjectInfo> ListAsync(ObjectUri prefix, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    private Task<T> Call<T>(Func<T> effect)
    {
        var fails = ++_calls == FailAt;
        if (fails && !FailAfterEffect)
            throw PipelineException.Transient(FailureReasons.Unavailable, "cut before");
        var result = effect();
        return fails
            ? throw PipelineException.Transient(FailureReasons.Unavailable, "cut after")
            : Task.FromResult(result);
    }

    private Task<object?> Call(Func<object?> effect) => Call<object?>(effect);

    private sealed class MemoryRead(byte[] bytes) : ObjectRead
    {
        public override Stream Body { get; } = new MemoryStream(bytes, writable: false);

        public override long? Bytes => bytes.Length;

        public override string? ETag => null;

        public override ValueTask DisposeAsync() => Body.DisposeAsync();
    }
}

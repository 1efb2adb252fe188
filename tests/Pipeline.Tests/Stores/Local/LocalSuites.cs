using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Stores;
using Pipeline.Stores.Local.Ledger;
using Pipeline.Stores.Local.Objects;
using Pipeline.Stores.Local.Queues;
using Pipeline.Stores.Local.Records;
using Pipeline.Tests.Contracts;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Stores.Local;

[SuiteFor(typeof(LocalWorkQueue))]
public sealed class LocalWorkQueueSuite : WorkQueueContract
{
    private readonly LocalState _state = new();
    private LocalWorkQueue _queue = null!;

    private protected override IWorkReceiver Receiver => _queue;

    public override ValueTask DisposeAsync() => _state.DisposeAsync();

    protected override async Task<IWorkQueue> OpenAsync() => _queue = new(await _state.OpenAsync(), _state.Time);

    protected override Task<IWorkQueue> ReopenAsync()
    {
        _state.Crash();
        return OpenAsync();
    }

    protected override async Task<IReadOnlyList<ReadOnlyMemory<byte>>> ReceiveAsync(string queue, bool complete)
    {
        var delivery = await _queue.ReceiveAsync(queue, 32, TimeSpan.FromMinutes(1), Token);
        foreach (var message in delivery.Messages)
            Assert.True(
                await (
                    complete
                        ? _queue.CompleteAsync(message, Token)
                        : _queue.AbandonAsync(message, TimeSpan.Zero, "It failed.", Token)));
        return [.. delivery.Messages.Select(message => message.Body)];
    }

    protected override async Task<IReadOnlyList<ReadOnlyMemory<byte>>> ReceivePoisonAsync(string queue) =>
        [.. (await _queue.GetPoisonAsync(queue, 32, Token)).Select(message => message.Body)];

    protected override Task PassAsync(TimeSpan time)
    {
        _state.Time.Advance(time);
        return Task.CompletedTask;
    }
}

[SuiteFor(typeof(LocalLedger))]
public sealed class LocalLedgerSuite : LedgerContract
{
    private readonly LocalState _state = new();

    public override ValueTask DisposeAsync() => _state.DisposeAsync();

    protected override async Task<ILedger> OpenAsync() => new LocalLedger(await _state.OpenAsync());

    protected override Task<ILedger> ReopenAsync()
    {
        _state.Crash();
        return OpenAsync();
    }
}

[SuiteFor(typeof(NdjsonRecordStore))]
public sealed class NdjsonRecordStoreSuite : RecordStoreContract
{
    private readonly LocalState _state = new();

    public override ValueTask DisposeAsync() => _state.DisposeAsync();

    protected override async Task<IRecordStore> OpenAsync() => await _state.OpenSinkAsync();

    protected override async Task<IRecordStore> ReopenAsync()
    {
        // The same folder, not a copy: a state belongs to the output folder for which it was created.
        return await _state.OpenSinkAsync();
    }

    protected override Task<IReadOnlyList<string>> ReadRecordsAsync(string listId) =>
        Task.FromResult<IReadOnlyList<string>>(_state.Lines("records.ndjson"));

    protected override Task<IReadOnlyList<string>> ReadFailuresAsync(string listId) =>
        Task.FromResult<IReadOnlyList<string>>(_state.Lines("failures.ndjson"));

    protected override Task<string> ReadManifestAsync(string listId) =>
        File.ReadAllTextAsync(Path.Combine(_state.OutFolder, "manifest.json"), Token);
}

[SuiteFor(typeof(FileObjectStore))]
public sealed class FileObjectStoreSuite : ObjectStoreContract
{
    private readonly TempFolder _folder = new();

    protected override ObjectUri Root => ObjectUri.ForFile(_folder["objects"]).AsPrefix();

    public override ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    protected override Task<IObjectStore> OpenAsync() => Task.FromResult<IObjectStore>(new FileObjectStore());

    protected override Task<IObjectStore> ReopenAsync() => OpenAsync();
}

[SuiteFor(typeof(ObjectStores))]
public sealed class ObjectStoresSuite : ObjectStoreContract
{
    private readonly TempFolder _folder = new();
    private readonly MemoryObjectStore _memory = new();

    protected override ObjectUri Root => ObjectUri.ForFile(_folder["objects"]).AsPrefix();

    [Fact]
    public async Task TheSchemeChoosesTheStore()
    {
        var inMemory = new ObjectUri("s3", "bucket", "a");
        await Port.WriteAsync(inMemory, new MemoryStream([1, 2, 3]), Token);
        await Port.WriteAsync(Root.Append("a"), new MemoryStream([1]), Token);

        Assert.Equal([new ObjectInfo(inMemory, 3)], await _memory.ListAsync(inMemory, Token).ToListAsync(Token));
        Assert.Equal([new ObjectInfo(inMemory, 3)], await Port.ListAsync(inMemory, Token).ToListAsync(Token));
        await using var read = await Port.OpenAsync(inMemory, Token);
        Assert.Equal(3, read!.Bytes);
        Assert.Equal(["file", "s3"], Port.Schemes.Order());
    }

    [Fact]
    public async Task AnUnknownSchemeIsRefused()
    {
        var error = await Assert.ThrowsAsync<PipelineException>(() => Port.OpenAsync(new("gs", "bucket", "a"), Token));

        Assert.True(error.IsPermanent);
        Assert.Equal("Addresses with 'gs://' are not supported here. Use one of: file, s3.", error.Message);
    }

    public override ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    protected override Task<IObjectStore> OpenAsync() =>
        Task.FromResult<IObjectStore>(new ObjectStores([new FileObjectStore(), _memory]));

    protected override Task<IObjectStore> ReopenAsync() => OpenAsync();
}

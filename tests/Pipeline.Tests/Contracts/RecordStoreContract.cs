using System.Buffers;
using System.Text;
using System.Text.Json;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Staging;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Contracts;

/// <summary>What <see cref="IRecordStore"/> promises.</summary>
[Trait("Promise", "7")]
public abstract class RecordStoreContract : PortContract<IRecordStore>
{
    [Fact]
    public async Task ARecordArrivesByteForByte()
    {
        var json = """{"id":"a","text":"Ünïcode 😀 \u0000 \\n"}""";

        await Port.PutRecordAsync(TextRecord.Of("a", "list", json), Token);

        Assert.Equal([json], await ReadRecordsAsync("list"));
    }

    [Fact]
    public async Task ALargeRecordArrivesWhole()
    {
        var large = TextRecord.Of("large", padding: 5_000_000);

        await Port.PutRecordAsync(large, Token);

        Assert.Equal([TextOf(large)], await ReadRecordsAsync("list"));
    }

    [Fact]
    public async Task TheFirstRecordOfAnIdStays()
    {
        var first = TextRecord.Of("a");
        await Port.PutRecordAsync(first, Token);

        await Port.PutRecordAsync(first, Token);
        await Port.PutRecordAsync(TextRecord.Of("a", padding: 10), Token);

        Assert.Equal([TextOf(first)], await ReadRecordsAsync("list"));
    }

    [Fact]
    public async Task RecordsThatArePutTogetherAreAllStored()
    {
        StagedRecord[] records = [TextRecord.Of("a"), TextRecord.Of("b", padding: 100_000), TextRecord.Of("c")];

        var stored = await Port.PutRecordsAsync("part", records, Token);

        Assert.Equal(["a", "b", "c"], stored.Select(record => record.Id));
        Assert.Equal(records.Select(TextOf).Order(), (await ReadRecordsAsync("list")).Order());
        Assert.Equal(stored, await Port.PutRecordsAsync("part", records, Token));
        Assert.Equal(3, (await ReadRecordsAsync("list")).Count);
        var found = await Port.FindRecordsAsync("list", "list-000000", ["c", "a", "x"], Token);
        Assert.Equal([stored[0], stored[2]], found.Values.OrderBy(record => record.Id));
    }

    [Fact]
    public async Task ConcurrentPutsStoreEachIdOnce()
    {
        var ids = Enumerable.Range(0, 25).SelectMany(i => new[] { $"{i}", $"{i}", $"{(i + 1) % 25}" }).ToList();

        await Task.WhenAll(ids.Select(id => Port.PutRecordAsync(TextRecord.Of(id), Token)));

        Assert.Equal(
            Enumerable.Range(0, 25).Select(i => $"{i}").Order(), (await ReadRecordsAsync("list")).Select(IdOf).Order());
    }

    [Fact]
    public async Task RecordsAreFoundByTheirIds()
    {
        await Port.PutRecordAsync(TextRecord.Of("a"), Token);
        await Port.PutFailuresAsync([Some.Failure("b")], Token);

        var found = await Port.FindRecordsAsync("list", TextRecord.Of("a").SubmissionId, ["a", "b", "c"], Token);

        Assert.Equal("a", Assert.Single(found).Key);
        Assert.Equal("a", found["a"].Id);
    }

    [Fact]
    public async Task FailuresArrive()
    {
        await Port.PutFailuresAsync([Some.Failure("a"), Some.Failure("b", "Ünïcode 😀")], Token);
        await Port.PutFailuresAsync([], Token);

        var failures = await FailuresAsync("list");

        Assert.Equal(["a", "b"], failures.Select(failure => failure.Id).Order());
        Assert.Contains(failures, failure => failure.Message == "Ünïcode 😀");
        Assert.All(failures, failure => Assert.Equal("pipeline.failure/1", failure.Schema));
    }

    [Fact]
    public async Task ARecordReplacesAnEarlierFailure()
    {
        await Port.PutFailuresAsync([Some.Failure("a"), Some.Failure("b")], Token);

        await Port.PutRecordAsync(TextRecord.Of("a"), Token);
        await Port.RemoveFailuresAsync("list", ["a", "never there"], Token);
        await Port.PutManifestAsync(Some.Manifest(records: 1), Token);

        Assert.Equal(["a"], (await ReadRecordsAsync("list")).Select(IdOf));
        Assert.Equal(["b"], (await FailuresAsync("list")).Select(failure => failure.Id));
    }

    [Fact]
    public async Task AFailureNeverReplacesARecord()
    {
        await Port.PutRecordAsync(TextRecord.Of("a"), Token);

        await Port.PutFailuresAsync([Some.Failure("a"), Some.Failure("b")], Token);
        await Port.PutManifestAsync(Some.Manifest(records: 1), Token);

        Assert.Equal(["a"], (await ReadRecordsAsync("list")).Select(IdOf));
        Assert.Equal(["b"], (await FailuresAsync("list")).Select(failure => failure.Id));
    }

    [Fact]
    public async Task ARepeatedFailureIsStoredOnce()
    {
        await Port.PutFailuresAsync([Some.Failure("a"), Some.Failure("a")], Token);
        await Port.PutFailuresAsync([Some.Failure("a")], Token);

        Assert.Single(await FailuresAsync("list"));
    }

    [Fact]
    public async Task LocationsSayWhereTheRecordsOfAListAre()
    {
        Assert.Empty(await Port.GetLocationsAsync("list", Token));
        await CloseAsync("list", await Port.PutRecordsAsync("part", [TextRecord.Of("a"), TextRecord.Of("b")], Token));
        await CloseAsync("another", await Port.PutRecordsAsync("part", [TextRecord.Of("c", "another")], Token));

        var locations = await Port.GetLocationsAsync("list", Token);

        Assert.Equal(2, locations.Sum(location => location.Records));
        Assert.All(locations, location => Assert.Matches("^[0-9a-f]{64}$", location.Sha256));
        Assert.All(locations, location => Assert.InRange(location.Bytes, 1, 10_000));
        Assert.Equal(1, (await Port.GetLocationsAsync("another", Token)).Sum(location => location.Records));
    }

    [Fact]
    public async Task AManifestIsPublishedAndReplaced()
    {
        await Port.PutManifestAsync(Some.Manifest(records: 1), Token);
        await Port.PutManifestAsync(Some.Manifest(records: 5), Token);

        using var manifest = JsonDocument.Parse(await ReadManifestAsync("list"));

        Assert.Equal("pipeline.manifest/1", manifest.RootElement.GetProperty("schema").GetString());
        Assert.Equal(6, manifest.RootElement.GetProperty("inputs").GetInt64());
        Assert.Equal(5, manifest.RootElement.GetProperty("records").GetInt64());
    }

    [Fact]
    public async Task PutsSurviveACrashAndRepeatingThemIsHarmless()
    {
        await Port.PutRecordAsync(TextRecord.Of("a"), Token);
        await Port.PutFailuresAsync([Some.Failure("b")], Token);
        await Port.PutManifestAsync(Some.Manifest(), Token);

        await CrashAsync();
        await Port.PutRecordAsync(TextRecord.Of("a", padding: 3), Token);
        await Port.PutRecordAsync(TextRecord.Of("c"), Token);
        await Port.PutFailuresAsync([Some.Failure("b"), Some.Failure("a")], Token);

        Assert.Equal(
            [TextOf(TextRecord.Of("a")), TextOf(TextRecord.Of("c"))], (await ReadRecordsAsync("list")).Order());
        Assert.Equal(["b"], (await FailuresAsync("list")).Select(failure => failure.Id));
        Assert.Contains("pipeline.manifest/1", await ReadManifestAsync("list"), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Promise", "4")]
    public async Task AnUnreadableRecordLeavesNoTrace()
    {
        await Port.PutRecordAsync(TextRecord.Of("a"), Token);

        await Assert.ThrowsAnyAsync<Exception>(
            () => Port.PutRecordsAsync("part", [TextRecord.Of("c"), Broken("b"), TextRecord.Of("d")], Token));
        Assert.Equal(["a"], (await ReadRecordsAsync("list")).Select(IdOf));

        await Port.PutRecordAsync(TextRecord.Of("b"), Token);
        Assert.Equal(["a", "b"], (await ReadRecordsAsync("list")).Select(IdOf).Order());
    }

    private async Task CloseAsync(string listId, IReadOnlyList<StoredRecord> records) =>
        await Port.CloseSubmissionAsync(
            listId, $"{listId}-000000",
            [
                .. records.Select((record, i) => Some.Input($"{listId}-000000", i) with
                {
                    Id = record.Id,
                    State = InputState.Recorded,
                    Place = record.Place,
                }),
            ],
            Token);

    /// <summary>The records of a list as a consumer sees them.</summary>
    protected abstract Task<IReadOnlyList<string>> ReadRecordsAsync(string listId);

    /// <summary>The failures of a list as a consumer sees them.</summary>
    protected abstract Task<IReadOnlyList<string>> ReadFailuresAsync(string listId);

    /// <summary>The manifest of a list as a consumer sees it.</summary>
    protected abstract Task<string> ReadManifestAsync(string listId);

    protected static string TextOf(StagedRecord record)
    {
        using var bytes = new MemoryStream();
        record.CopyTo(bytes);
        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    protected static string IdOf(string record)
    {
        using var json = JsonDocument.Parse(record);
        return json.RootElement.GetProperty("id").GetString()!;
    }

    private async Task<List<Failure>> FailuresAsync(string listId) =>
        [
            .. (await ReadFailuresAsync(listId)).Select(
                json => JsonSerializer.Deserialize(json, PipelineJson.Plain.Failure)!)];

    /// <summary>A record that gives half of its bytes and then throws.</summary>
    private static StagedRecord Broken(string id) =>
        new(id, "list", "list-000000", [new(new byte[1_000_000]), new(new UnreadableMemory().Memory)]);

    /// <summary>Memory that cannot be read, like a spilled record on a broken disk.</summary>
    private sealed class UnreadableMemory : MemoryManager<byte>
    {
        public override Memory<byte> Memory => CreateMemory(1_000_000);

        public override Span<byte> GetSpan() => throw new IOException("The spilled record cannot be read.");

        public override MemoryHandle Pin(int elementIndex = 0) =>
            throw new IOException("The spilled record cannot be read.");

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}

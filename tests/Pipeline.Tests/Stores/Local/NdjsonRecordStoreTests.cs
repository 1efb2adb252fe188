using System.Text.Json;
using Pipeline.Intake.Reading;
using Pipeline.Model;
using Pipeline.Stores.Local;
using Pipeline.Stores.Local.Queues;
using Pipeline.Stores.Local.Records;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Stores.Local;

/// <summary>The files of the local sink, beyond the contract of every sink.</summary>
[Trait("Promise", "7")]
public sealed class NdjsonRecordStoreTests : IAsyncDisposable
{
    private readonly LocalState _state = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Records => Path.Combine(_state.OutFolder, "records.ndjson");

    private string Failures => Path.Combine(_state.OutFolder, "failures.ndjson");

    private string ManifestPath => Path.Combine(_state.OutFolder, "manifest.json");

    public ValueTask DisposeAsync() => _state.DisposeAsync();

    [Fact]
    public async Task AnIncompleteLastLineIsRemovedAtOpen()
    {
        var sink = await _state.OpenSinkAsync();
        await sink.PutRecordAsync(TextRecord.Of("a"), Token);
        await sink.PutFailuresAsync([Some.Failure("b")], Token);
        var (records, failures) = (
            await File.ReadAllTextAsync(Records, Token), await File.ReadAllTextAsync(Failures, Token));
        await File.AppendAllTextAsync(Records, "{\"id\":\"torn", Token);
        await File.AppendAllTextAsync(Failures, "{\"id\":\"torn\"}\n{", Token);

        await _state.OpenSinkAsync();

        Assert.Equal(records, await File.ReadAllTextAsync(Records, Token));
        Assert.Equal(failures, await File.ReadAllTextAsync(Failures, Token));
    }

    [Fact]
    public async Task AnIncompleteLastLineOfAnotherProcessIsRemovedByTheNextPut()
    {
        var sink = await _state.OpenSinkAsync();
        await sink.PutRecordAsync(TextRecord.Of("a"), Token);
        await File.AppendAllTextAsync(Records, new string('x', 10_000), Token);

        await sink.PutRecordAsync(TextRecord.Of("b"), Token);

        Assert.Equal(["a", "b"], Ids(Records));
    }

    [Fact]
    public async Task RecordsAreVisibleAsSoonAsTheyArePut()
    {
        var sink = await _state.OpenSinkAsync();

        for (var i = 1; i <= 5; i++)
        {
            await sink.PutRecordAsync(TextRecord.Of($"{i}"), Token);
            Assert.Equal(i, Ids(Records).Count);
            Assert.EndsWith("}\n", await File.ReadAllTextAsync(Records, Token), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task ATruncatedRecordsFileIsRefusedWithAdvice()
    {
        var sink = await _state.OpenSinkAsync();
        await sink.PutRecordAsync(TextRecord.Of("a"), Token);
        var bytes = new FileInfo(Records).Length;
        await File.WriteAllTextAsync(Records, "", Token);

        var error = await Assert.ThrowsAsync<PipelineException>(_state.OpenSinkAsync);

        Assert.True(error.IsPermanent);
        Assert.Equal(
            $"'{Records}' has 0 bytes, but {bytes} were written: it was changed or removed. Put it back, or start over "
                + "with another state and output folder.",
            error.Message);
    }

    [Fact]
    public async Task ATruncatedFailuresFileIsRewritten()
    {
        var sink = await _state.OpenSinkAsync();
        await sink.PutFailuresAsync([Some.Failure("a"), Some.Failure("b")], Token);
        var before = await File.ReadAllTextAsync(Failures, Token);
        File.Delete(Failures);

        await _state.OpenSinkAsync();

        Assert.Equal(before, await File.ReadAllTextAsync(Failures, Token));
    }

    [Fact]
    public async Task AStateBelongsToOneOutputFolder()
    {
        await _state.OpenSinkAsync();
        var database = await _state.OpenAsync();
        var other = Path.Combine(_state.Root, "other");

        var error = await Assert.ThrowsAsync<PipelineException>(() => NdjsonRecordStore.OpenAsync(
            database, other, Microsoft.Extensions.Logging.Abstractions.NullLogger<NdjsonRecordStore>.Instance, Token));

        Assert.True(error.IsPermanent);
        Assert.Equal(
            $"The state '{database.Path}' belongs to the output folder '{_state.OutFolder}', not to '{other}'. Use "
                + "that folder, or another state folder.",
            error.Message);
        Assert.False(Directory.Exists(other));
    }

    [Fact]
    public async Task AFolderRenamedWithTheStateInItContinuesUnderItsNewName()
    {
        var inside = Path.Combine(_state.OutFolder, ".pipeline");
        await using (var database = await LocalDatabase.OpenAsync(inside, Token))
        using (var sink = await OpenAsync(database, _state.OutFolder))
        {
            await sink.PutRecordAsync(TextRecord.Of("a"), Token);
            await sink.PutFailuresAsync([Some.Failure("b")], Token);
            var locations = await sink.GetLocationsAsync("list", Token);
            await sink.PutManifestAsync(Some.Manifest() with { Locations = locations }, Token);
            var pointer = ObjectUri.ForFile(Path.Combine(inside, "lists", "list.txt"));
            await new LocalWorkQueue(database, TimeProvider.System).SendAsync(
                QueueNames.UrlLists, [new ListPointer(pointer.ToString(), null, "list", "list.txt").ToMessage()],
                TimeSpan.Zero, Token);
        }
        var moved = Path.Combine(_state.Root, "out moved #1? 100%, é");
        Directory.Move(_state.OutFolder, moved);

        await using var again = await LocalDatabase.OpenAsync(Path.Combine(moved, ".pipeline"), Token);
        using (var sink = await OpenAsync(again, moved))
            await sink.PutRecordAsync(TextRecord.Of("c"), Token);

        Assert.Equal(["a", "c"], Ids(Path.Combine(moved, "records.ndjson")));
        Assert.False(Directory.Exists(_state.OutFolder));
        Assert.Contains(
            $"\"{ObjectUri.ForFile(moved)}/records.ndjson\"",
            await File.ReadAllTextAsync(Path.Combine(moved, "manifest.json"), Token), StringComparison.Ordinal);
        var message = Assert.Single(
            (
                await new LocalWorkQueue(again, TimeProvider.System).ReceiveAsync(
                    QueueNames.UrlLists, 1, TimeSpan.FromMinutes(1), Token)).Messages);
        Assert.Equal(
            Path.Combine(moved, ".pipeline", "lists", "list.txt"),
            ObjectUri.Parse(ListPointer.Read(message.Body)!.Source).Key);
    }

    [Fact]
    public async Task AFolderRenamedWithoutItsStateIsRecognizedByItsContent()
    {
        var sink = await _state.OpenSinkAsync();
        await sink.PutRecordAsync(TextRecord.Of("a"), Token);
        var moved = Path.Combine(_state.Root, "moved");
        Directory.Move(_state.OutFolder, moved);

        var again = await OpenAsync(await _state.OpenAsync(), moved);
        await again.PutRecordAsync(TextRecord.Of("b"), Token);

        Assert.Equal(["a", "b"], Ids(Path.Combine(moved, "records.ndjson")));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ARecordsFileMovedAwayStopsTheWorkUntilItIsPutBack(bool whole)
    {
        var sink = await _state.OpenSinkAsync();
        await sink.PutRecordAsync(TextRecord.Of("a"), Token);
        var (from, to) = whole ? (_state.OutFolder, Path.Combine(_state.Root, "away")) : (Records, Records + ".away");
        Directory.Move(from, to);

        var error = await Assert.ThrowsAsync<PipelineException>(() => sink.PutRecordAsync(TextRecord.Of("b"), Token));

        Assert.True(error.StopsHost);
        Assert.StartsWith($"There is no file '{Records}' any more:", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Records));
        Directory.Move(to, from);
        await sink.PutRecordAsync(TextRecord.Of("b"), Token);
        Assert.Equal(["a", "b"], Ids(Records));
    }

    [Fact]
    public async Task AFolderInTheRecordsPlaceStopsTheWork()
    {
        var sink = await _state.OpenSinkAsync();
        await sink.PutRecordAsync(TextRecord.Of("a"), Token);
        File.Delete(Records);
        Directory.CreateDirectory(Records);

        var error = await Assert.ThrowsAsync<PipelineException>(() => sink.PutRecordAsync(TextRecord.Of("b"), Token));

        Assert.True(error.StopsHost);
        Assert.StartsWith($"'{Records}' cannot be written", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AMissingManifestIsRewritten()
    {
        var sink = await _state.OpenSinkAsync();
        await sink.PutManifestAsync(Some.Manifest(), Token);
        var before = await File.ReadAllTextAsync(ManifestPath, Token);
        File.Delete(ManifestPath);

        await _state.OpenSinkAsync();

        Assert.Equal(before, await File.ReadAllTextAsync(ManifestPath, Token));
    }

    [Fact]
    public async Task AFailuresFileMovedAwayIsRewrittenWithTheManifest()
    {
        var sink = await _state.OpenSinkAsync();
        await sink.PutFailuresAsync([Some.Failure("a")], Token);
        File.Move(Failures, Failures + ".away");

        await sink.PutFailuresAsync([Some.Failure("b")], Token);
        await sink.PutManifestAsync(Some.Manifest(), Token);

        Assert.Equal(["a", "b"], Ids(Failures));
    }

    [Fact]
    public async Task FilesUnknownToTheStateAreNotOverwritten()
    {
        Directory.CreateDirectory(_state.OutFolder);
        await File.WriteAllTextAsync(Records, "precious\n", Token);

        var error = await Assert.ThrowsAsync<PipelineException>(_state.OpenSinkAsync);

        Assert.True(error.IsPermanent);
        Assert.StartsWith($"'{Records}' already exists, but the state", error.Message, StringComparison.Ordinal);
        Assert.Equal("precious\n", await File.ReadAllTextAsync(Records, Token));
    }

    [Fact]
    public async Task TheNewestFailureOfAnIdStaysAndTheFileIsRewrittenWithTheManifest()
    {
        var sink = await _state.OpenSinkAsync();
        await sink.PutFailuresAsync([Some.Failure("a", "first"), Some.Failure("b", "other")], Token);
        await sink.PutFailuresAsync([Some.Failure("a", "second, and much longer than the first one was")], Token);
        await sink.PutRecordAsync(TextRecord.Of("b"), Token);

        await sink.PutManifestAsync(Some.Manifest(), Token);
        await sink.PutFailuresAsync([Some.Failure("c")], Token);

        Assert.Equal(["a", "c"], Ids(Failures));
        Assert.Contains(
            "second, and much longer", await File.ReadAllTextAsync(Failures, Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ACrashBeforeTheFailuresWereRewrittenIsRepairedAtOpen()
    {
        var sink = await _state.OpenSinkAsync();
        await sink.PutFailuresAsync([Some.Failure("a"), Some.Failure("b")], Token);
        await sink.PutRecordAsync(TextRecord.Of("a"), Token);

        await _state.OpenSinkAsync();

        Assert.Equal(["b"], Ids(Failures));
    }

    [Theory]
    [InlineData("")]
    [InlineData(
        "{\"id\":\"b\",\"and\":\"what the new file holds, renamed into place before its commit, longer than what was "
            + "there before, by far\"}\n")]
    public async Task ACrashBetweenRenameAndCommitIsRepaired(string renamed)
    {
        var sink = await _state.OpenSinkAsync();
        await sink.PutFailuresAsync([Some.Failure("a"), Some.Failure("b")], Token);
        await sink.PutRecordAsync(TextRecord.Of("a"), Token);
        var database = await _state.OpenAsync();
        await database.WriteAsync(session => new FailuresFile(Failures).PrepareRewrite(session), durable: false, Token);
        await File.WriteAllTextAsync(Failures, renamed, Token);

        // Another process continues without opening the sink again.
        await sink.PutFailuresAsync([Some.Failure("c")], Token);

        Assert.Equal(["b", "c"], Ids(Failures));
    }

    [Fact]
    public async Task ASingleListHasItsManifestAndSeveralHaveTheirSums()
    {
        var sink = await _state.OpenSinkAsync();
        await sink.PutManifestAsync(Some.Manifest("one", records: 2, failures: 1), Token);
        using (var one = JsonDocument.Parse(await File.ReadAllTextAsync(ManifestPath, Token)))
            Assert.Equal("one", one.RootElement.GetProperty("list_id").GetString());

        await sink.PutManifestAsync(Some.Manifest("two", records: 10, failures: 0), Token);

        using var all = JsonDocument.Parse(await File.ReadAllTextAsync(ManifestPath, Token));
        Assert.Equal("pipeline.manifest/1", all.RootElement.GetProperty("schema").GetString());
        Assert.Equal(
            (13, 12, 1, 8), (Number("inputs"), Number("records"), Number("failures"), Number("duplicates")));
        Assert.Equal(
            ["one", "two"],
            all.RootElement.GetProperty("lists").EnumerateArray().Select(
                list => list.GetProperty("list_id").GetString()));

        int Number(string name) => all.RootElement.GetProperty(name).GetInt32();
    }

    [Fact]
    public async Task TheDigestIsThatOfTheFileHoweverOftenItIsRead()
    {
        var sink = await _state.OpenSinkAsync();
        for (var i = 0; i < 4; i++)
        {
            await sink.PutRecordAsync(TextRecord.Of($"{i}", padding: i * 100_000), Token);
            var location = Assert.Single(await sink.GetLocationsAsync("list", Token));
            var bytes = await File.ReadAllBytesAsync(Records, Token);

            Assert.Equal((bytes.Length, i + 1), (location.Bytes, location.Records));
            Assert.Equal(
                Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes)), location.Sha256);
            Assert.Equal($"file://{Records}", location.Uri);
        }
    }

    [Fact]
    public async Task NoTemporaryFileRemains()
    {
        var sink = await _state.OpenSinkAsync();
        await sink.PutFailuresAsync([Some.Failure("a")], Token);
        await sink.PutRecordAsync(TextRecord.Of("a"), Token);
        await sink.PutManifestAsync(Some.Manifest(), Token);

        Assert.Equal(
            ["failures.ndjson", "manifest.json", "records.ndjson"],
            Directory.GetFiles(_state.OutFolder).Select(Path.GetFileName).Order());
    }

    private static Task<NdjsonRecordStore> OpenAsync(LocalDatabase database, string folder) =>
        NdjsonRecordStore.OpenAsync(
        database, folder, Microsoft.Extensions.Logging.Abstractions.NullLogger<NdjsonRecordStore>.Instance, Token);

    private static List<string> Ids(string file) => [.. File.ReadLines(file).Select(line =>
    {
        using var json = JsonDocument.Parse(line);
        return json.RootElement.GetProperty("id").GetString()!;
    })];
}

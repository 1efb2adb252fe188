using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Model;
using Pipeline.Staging;
using Pipeline.Stores.Local.Records;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Stores.Local;

/// <summary>
/// Each file of the local sink on a real file system that is full: nothing is half written, nothing is lost, and the
/// work continues.
/// </summary>
public sealed class FullDiskTests : IAsyncDisposable
{
    private readonly LocalState _state = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _state.DisposeAsync();

    [Fact]
    public async Task RecordsFailuresAndManifestWaitForSpace()
    {
        using var disk = SmallDisk.Mount(megabytes: 2);
        var output = Path.Combine(disk.Seen, "out");
        using var sink = await NdjsonRecordStore.OpenAsync(
            await _state.OpenAsync(), output, NullLogger<NdjsonRecordStore>.Instance, Token);
        await sink.PutRecordAsync(TextRecord.Of("a"), Token);
        await sink.PutFailuresAsync([Some.Failure("b")], Token);
        await sink.PutManifestAsync(Some.Manifest(), Token);
        string[] files = ["records.ndjson", "failures.ndjson", "manifest.json"];
        var before = files.Select(file => File.ReadAllText(Path.Combine(output, file))).ToList();
        disk.Fill();

        // Larger than the space left in the last page of each file.
        await WaitsAsync(
            () => sink.PutRecordAsync(TextRecord.Of("c", padding: 100_000), Token),
            Path.Combine(output, "records.ndjson"));
        await WaitsAsync(
            () => sink.PutFailuresAsync([Some.Failure("d", new string('x', 100_000))], Token),
            Path.Combine(output, "failures.ndjson"));
        await WaitsAsync(
            () => sink.PutManifestAsync(Some.Manifest() with { Source = new string('x', 100_000) }, Token),
            Path.Combine(output, "manifest.json"));

        Assert.Equal(before, files.Select(file => File.ReadAllText(Path.Combine(output, file))));
        disk.Free();
        await sink.PutRecordAsync(TextRecord.Of("c", padding: 100_000), Token);
        await sink.PutFailuresAsync([Some.Failure("d", new string('x', 100_000))], Token);
        await sink.PutManifestAsync(Some.Manifest() with { Source = new string('x', 100_000) }, Token);
        Assert.Equal([2, 2], files[..2].Select(file => File.ReadAllLines(Path.Combine(output, file)).Length));
        Assert.Equal(files.Order(), Directory.GetFiles(output).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void ASpillWaitsForSpace()
    {
        using var disk = SmallDisk.Mount(megabytes: 1);
        disk.Fill();
        using var buffer = new SpillBuffer(spillAt: 1000, disk.Seen);

        var fault = Assert.Throws<PipelineException>(() => buffer.Append(new byte[500_000]));

        Assert.Equal((true, false), (fault.IsStoreFault, fault.StopsHost));
        Assert.Contains("Free space there", fault.Message, StringComparison.Ordinal);
        disk.Free();
        using var again = new SpillBuffer(spillAt: 1000, disk.Seen);
        again.Append(new byte[500_000]);
        Assert.True(again.IsSpilled);
    }

    private static async Task WaitsAsync(Func<Task> write, string path)
    {
        var fault = await Assert.ThrowsAsync<PipelineException>(write);
        Assert.Equal((true, false), (fault.IsStoreFault, fault.StopsHost));
        Assert.Equal(
            $"The disk that holds '{path}' is full. Free some space; nothing that was written is lost.", fault.Message);
    }
}

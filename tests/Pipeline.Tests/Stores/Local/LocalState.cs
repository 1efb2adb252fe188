using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Stores.Local;
using Pipeline.Stores.Local.Records;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Stores.Local;

/// <summary>
/// A state for one test. After a simulated crash, a copy of its files is opened. The original stays untouched until the
/// end.
/// </summary>
internal sealed class LocalState : IAsyncDisposable
{
    private readonly TempFolder _folder = new();
    private readonly List<LocalDatabase> _open = [];
    private int _crashes;

    public AwaitedTime Time { get; } = new(Some.Time);

    /// <summary>The folder with <c>state</c> and <c>out</c>.</summary>
    public string Root => _folder[$"{_crashes}"];

    public string StateFolder => Path.Combine(Root, "state");

    public string OutFolder => Path.Combine(Root, "out");

    public async Task<LocalDatabase> OpenAsync()
    {
        var database = await LocalDatabase.OpenAsync(StateFolder, TestContext.Current.CancellationToken);
        _open.Add(database);
        return database;
    }

    public async Task<NdjsonRecordStore> OpenSinkAsync() =>
        await NdjsonRecordStore.OpenAsync(
            await OpenAsync(), OutFolder, NullLogger<NdjsonRecordStore>.Instance,
            TestContext.Current.CancellationToken);

    /// <summary>Continues with the files that a crash at this moment would leave.</summary>
    public void Crash()
    {
        var before = Root;
        _crashes++;
        TempFolder.CopyFolder(before, Root);
        foreach (var shared in Directory.EnumerateFiles(Root, "*-shm", SearchOption.AllDirectories))
            File.Delete(shared);
    }

    public string[] Lines(string file) =>
        File.ReadAllText(Path.Combine(OutFolder, file)).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public async ValueTask DisposeAsync()
    {
        foreach (var database in _open)
            await database.DisposeAsync();
        _folder.Dispose();
    }
}

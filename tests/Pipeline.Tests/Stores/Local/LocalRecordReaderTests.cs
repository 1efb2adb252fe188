using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Model;
using Pipeline.Stores.Local;
using Pipeline.Stores.Local.Records;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Stores.Local;

/// <summary>Reads records from the folder that the user names, without a run that knows its path.</summary>
[Trait("Promise", "7")]
public sealed class LocalRecordReaderTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Out => _folder["out"];

    private string Other => _folder["other"];

    [Theory]
    [InlineData(".pipeline")]
    [InlineData("../state")]
    public async Task ARenamedFolderIsReadUnderItsNewName(string state)
    {
        await WriteAsync(state);
        Directory.Move(Out, Other);

        Assert.Contains("\"a\"", await ReadAsync(Path.Combine(Other, state), Other), StringComparison.Ordinal);
        Assert.Contains("\"a\"", await ReadAsync(Path.Combine(Other, state), Other + "/"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task OfACopiedFolderTheCopyIsRead()
    {
        await WriteAsync(".pipeline");
        TempFolder.CopyFolder(Out, Other);
        await File.WriteAllTextAsync(Path.Combine(Out, "records.ndjson"), "", Token);

        Assert.Contains(
            "\"a\"", await ReadAsync(Path.Combine(Other, ".pipeline"), Other), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AFolderOfAnotherStateIsRefused()
    {
        await WriteAsync("../state");
        TempFolder.CopyFolder(Out, Other);

        var error = await Assert.ThrowsAsync<PipelineException>(() => ReadAsync(_folder["state"], Other));

        Assert.True(error.IsPermanent);
        Assert.Contains($"'{Out}', not to '{Other}'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WithoutAFolderTheOneThatTheStateKnowsIsRead()
    {
        await WriteAsync("../state");

        Assert.Contains("\"a\"", await ReadAsync(_folder["state"], output: null), StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private async Task WriteAsync(string state)
    {
        await using var database = await LocalDatabase.OpenAsync(Path.GetFullPath(state, Out), Token);
        using var sink = await NdjsonRecordStore.OpenAsync(
            database, Out, NullLogger<NdjsonRecordStore>.Instance, Token);
        await sink.PutRecordAsync(TextRecord.Of("a"), Token);
    }

    private static async Task<string?> ReadAsync(string state, string? output)
    {
        await using var database = await LocalDatabase.OpenAsync(Path.GetFullPath(state), Token);
        var input = Some.Input("list-000000", 0) with { Id = "a" };
        await using var record = await new LocalRecordReader(database, TimeProvider.System, output).OpenRecordAsync(
            "list", input, Token);
        if (record is null)
            return null;
        using var text = new StreamReader(record);
        return await text.ReadToEndAsync(Token);
    }
}

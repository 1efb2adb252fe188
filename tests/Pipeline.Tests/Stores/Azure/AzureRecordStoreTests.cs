using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Pipeline.Model;
using Pipeline.Staging;
using Pipeline.Stores.Azure;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Stores.Azure;

/// <summary>Azure's own part of what consumers read: parts, messages and pointers. Against Azurite.</summary>
[Trait("Needs", "servers")]
[Trait("Promise", "7")]
public sealed class AzureRecordStoreTests(Servers servers)
{
    private static readonly SubmissionEntry Submission = Some.Submission();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AMessageNamesRangesOfAPartThatAreGzipFilesOfTheirOwn()
    {
        var output = await OpenAsync();
        StagedRecord[] records = [TextRecord.Of("a"), TextRecord.Of("b", padding: 70_000), TextRecord.Of("c")];

        var stored = await output.Store.PutRecordsAsync("part", records, Ct);
        await output.Publisher.AnnounceAsync(
            Submission, [AzureOutput.Recorded(stored[2], 2), AzureOutput.Recorded(stored[0], 0)], Ct);

        var message = JsonElement.Parse(Assert.Single(await output.MessagesAsync(AzureNames.RecordsQueue)));
        Assert.Equal(
            ["schema", "list_id", "submission_id", "uri", "records"], message.EnumerateObject().Select(m => m.Name));
        Assert.Equal("pipeline.part/1", message.GetProperty("schema").GetString());
        Assert.Equal(("list", "list-000000"), (
            message.GetProperty("list_id").GetString(), message.GetProperty("submission_id").GetString()));
        Assert.EndsWith(
            "/records/list/list-000000/part.ndjson.gz", message.GetProperty("uri").GetString(),
            StringComparison.Ordinal);
        var part = await output.ReadAsync(AzureNames.RecordsContainer, "list/list-000000/part.ndjson.gz");
        Assert.Equal(3, AzureOutput.Lines(part).Count);
        Assert.Equal(["a", "c"], message.GetProperty("records").EnumerateArray().Select(record =>
        {
            var (offset, length) = (record.GetProperty("offset").GetInt32(), record.GetProperty("length").GetInt32());
            var line = JsonElement.Parse(Assert.Single(AzureOutput.Lines(part.AsMemory(offset, length))));
            Assert.Equal(line.GetProperty("id").GetString(), record.GetProperty("id").GetString());
            return line.GetProperty("id").GetString();
        }));
    }

    [Fact]
    public async Task APartThatIsWrittenAgainKeepsItsBytesAndPlaces()
    {
        var output = await OpenAsync();
        var first = await output.Store.PutRecordsAsync("part", [TextRecord.Of("a"), TextRecord.Of("b")], Ct);
        var bytes = await output.ReadAsync(AzureNames.RecordsContainer, "list/list-000000/part.ndjson.gz");

        // The same records, staged again at another time.
        var again = await output.Store.PutRecordsAsync(
            "part", [TextRecord.Of("b", padding: 900), TextRecord.Of("a", padding: 7)], Ct);

        Assert.Equal([first[1], first[0]], again);
        Assert.Equal(bytes, await output.ReadAsync(AzureNames.RecordsContainer, "list/list-000000/part.ndjson.gz"));
    }

    [Fact]
    public async Task ARecordOfManyMegabytesIsAPartOfItsOwn()
    {
        var output = await OpenAsync();
        var json = $$"""{"id":"huge","pad":"{{Convert.ToHexString(Some.Bytes(10_000_000))}}"}""";
        var record = StagedRecord.FromBytes("huge", "list", "list-000000", Encoding.UTF8.GetBytes(json));

        var place = Assert.Single(await output.Store.PutRecordsAsync("huge", [record], Ct)).Place!;
        Assert.Equal(place, Assert.Single(await output.Store.PutRecordsAsync("huge", [record], Ct)).Place);

        var stored = await output.ReadAsync(AzureNames.RecordsContainer, $"list/{place.Part}");
        Assert.Equal((0, stored.Length), (place.Offset, place.Length));
        Assert.Equal(json, Assert.Single(AzureOutput.Lines(stored)));
    }

    [Fact]
    public async Task WhatDoesNotFitOneMessageIsSplitAndAUrlThatFitsNoneIsLeftOut()
    {
        var output = await OpenAsync();
        // In a queue's XML, each of these characters takes five bytes; the last one is not allowed at all.
        string[] urls =
        [
            .. Enumerable.Range(0, 5).Select(i => $"https://a.example/?{i}{new string('&', 5_000)}"),
            "https://a.example/" + new string('x', 70_000), "https://a.example/\uFFFE",
        ];
        var stored = await output.Store.PutRecordsAsync(
            "part", [.. urls.Select((_, i) => TextRecord.Of($"{i}"))], Ct);

        await output.Publisher.AnnounceAsync(
            Submission, stored.Select((record, i) => AzureOutput.Recorded(record, i) with { Url = urls[i] }), Ct);

        var records = (await output.MessagesAsync(AzureNames.RecordsQueue))
            .Select(message => JsonElement.Parse(message))
            .SelectMany(message => message.GetProperty("records").EnumerateArray())
            .ToDictionary(
                record => record.GetProperty("id").GetString()!,
                record => record.TryGetProperty("url", out var url) ? url.GetString() : null);
        Assert.Equal(
            urls.Select((url, i) => ($"{i}", i == 5 ? null : url)),
            records.OrderBy(record => record.Key).Select(record => (record.Key, record.Value)));
    }

    [Fact]
    public async Task AFailureIsAnnouncedUnlessItHasARecord()
    {
        var output = await OpenAsync();
        await output.Store.PutRecordAsync(TextRecord.Of("a"), Ct);

        await output.Publisher.PublishAsync(
            [Some.Failure("a"), Some.Failure("b"), Some.Failure("c", new string('x', 100_000))], Ct);

        var messages = (await output.MessagesAsync(AzureNames.FailuresQueue))
            .Select(message => JsonElement.Parse(message))
            .ToDictionary(message => message.GetProperty("id").GetString()!);
        Assert.Equal(["b", "c"], messages.Keys.Order());
        Assert.Equal("pipeline.failure/1", messages["b"].GetProperty("schema").GetString());
        var pointer = messages["c"];
        var stored = await output.ReadAsync(AzureNames.FailuresContainer, "list/c.json");
        Assert.Equal(["schema", "id", "uri", "bytes", "sha256"], pointer.EnumerateObject().Select(field => field.Name));
        Assert.Equal("pipeline.pointer/1", pointer.GetProperty("schema").GetString());
        Assert.Equal(stored.Length, pointer.GetProperty("bytes").GetInt64());
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(stored)), pointer.GetProperty("sha256").GetString());
    }

    [Fact]
    public async Task AConcurrentRecordAndFailureOfOneIdEndAsARecord()
    {
        var output = await OpenAsync();
        var ids = Enumerable.Range(0, 30).Select(i => $"{i}").ToList();

        await Task.WhenAll(
            ids.Select(async id =>
            {
                await output.Store.PutRecordAsync(TextRecord.Of(id), Ct);
                await output.Store.RemoveFailuresAsync("list", [id], Ct);
            }).Concat(ids.Select(id => output.Publisher.PublishAsync([Some.Failure(id)], Ct))));

        Assert.Empty(await output.NamesAsync(AzureNames.FailuresContainer));
        Assert.Equal(30, (await output.Store.FindRecordsAsync("list", "list-000000", ids, Ct)).Count);
    }

    [Fact]
    public async Task AManifestIsAnnouncedToo()
    {
        var output = await OpenAsync();
        await output.Publisher.PublishAsync(Some.Manifest(), Ct);

        Assert.Contains(
            "\"pipeline.manifest/1\"", Assert.Single(await output.MessagesAsync(AzureNames.ManifestsQueue)),
            StringComparison.Ordinal);
    }

    private async Task<AzureOutput> OpenAsync() => new((await servers.AzureAsync()).Open());
}

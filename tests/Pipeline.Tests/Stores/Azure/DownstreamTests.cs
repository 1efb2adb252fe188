using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Azure.Storage.Blobs;
using Azure.Storage.Queues.Models;
using Pipeline.Staging;
using Pipeline.Stores.Azure;
using Pipeline.Stores.Azure.Queues;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Stores.Azure;

/// <summary>docs/downstream.md is the contract with consumers of the queues, so it must match the code.</summary>
public sealed partial class DownstreamDocsTests
{
    internal static readonly string Docs = Repository.Read("docs/downstream.md");

    [Fact]
    public void ThePageListsTheMembersOfAPointer()
    {
        var pointer = new Pointer { Id = "i", Uri = "u", Bytes = 1, Sha256 = "s" };
        var written = JsonSerializer.SerializeToElement(pointer, AzureJson.Plain.Pointer);
        var example = ExampleAfter("A pointer always has all of these members");

        var members = Section("A pointer always has all of these members", "```json");
        Assert.Equal(Names(written), Rows().Matches(members).Select(row => row.Groups["first"].Value));
        Assert.Equal(Names(written), Names(example));
        Assert.Equal(written.GetProperty("schema").GetString(), example.GetProperty("schema").GetString());
    }

    [Fact]
    public void ThePageListsTheMembersOfAMessageAboutRecords()
    {
        var written = JsonSerializer.SerializeToElement(
            new PartMessage
            {
                ListId = "l",
                SubmissionId = "s",
                Uri = "u",
                Records = [new("i", "u", 200, Offset: 0, Length: 1, "d", "new")],
            },
            AzureJson.Plain.PartMessage);
        var example = ExampleAfter("A message about records has");

        Assert.Equal(Names(written), Names(example));
        var record = Names(written.GetProperty("records")[0]);
        Assert.Equal(record, Names(example.GetProperty("records")[0]));
        Assert.Equal(
            record,
            Rows().Matches(Section("| member of a record |", "A message names")).Select(r => r.Groups["first"].Value));
        Assert.Equal("pipeline.part/1", example.GetProperty("schema").GetString());
    }

    [Fact]
    public void ThePageStatesTheLargestMessage() =>
        Assert.Contains($"longer than {MessageText.MaxBytes:N0} bytes", Docs, StringComparison.Ordinal);

    [Fact]
    public void ThePageListsEverySchemaOfAMessage() => Assert.All(
        [Some.Failure("a").Schema, Some.Manifest().Schema, "pipeline.part/1", "pipeline.pointer/1"],
        schema => Assert.Contains($"`{schema}`", Section("## Messages", "A message about"), StringComparison.Ordinal));

    /// <summary>Returns queue and blob of each row of the first table.</summary>
    internal static (string Queue, string Blob)[] Queues() =>
        [
            .. Rows()
                .Matches(Section("| queue |", "## Messages"))
                .Select(row => (row.Groups["first"].Value, row.Groups["last"].Value))];

    private static string Section(string from, string to)
    {
        var start = Docs.IndexOf(from, StringComparison.Ordinal);
        return Docs[start..Docs.IndexOf(to, start, StringComparison.Ordinal)];
    }

    private static JsonElement ExampleAfter(string text) => JsonElement.Parse(
        Example().Match(Docs, Docs.IndexOf(text, StringComparison.Ordinal)).Groups["json"].Value);

    private static IEnumerable<string> Names(JsonElement json) => json.EnumerateObject().Select(member => member.Name);

    [GeneratedRegex(@"^\| `(?<first>\w+)` \|.*?(`(?<last>[^`]+)`)? \|$", RegexOptions.Multiline)]
    private static partial Regex Rows();

    [GeneratedRegex(@"```json\n(?<json>\{.*\})\n```")]
    private static partial Regex Example();
}

/// <summary>docs/downstream.md must also match what is in the account.</summary>
[Trait("Needs", "servers")]
[Trait("Promise", "7")]
public sealed class DownstreamTests(Servers servers)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task QueuesBlobsAndMessagesMatchThePage()
    {
        var account = (await servers.AzureAsync()).Open();
        var (store, publisher) = (new AzureOutput(account).Store, new AzureOutput(account).Publisher);
        var record = Encoding.UTF8.GetBytes("""{"schema":"pipeline.record/1","id":"a"}""");
        // Put everything twice, as after a crash.
        for (var i = 0; i < 2; i++)
        {
            var stored = await store.PutRecordAsync(
                StagedRecord.FromBytes("a", "list", "list-000000", record), Ct);
            await publisher.AnnounceAsync(Some.Submission(), [AzureOutput.Recorded(stored, 0)], Ct);
            await publisher.PublishAsync([Some.Failure("b")], Ct);
            await publisher.PublishAsync(Some.Manifest(), Ct);
        }

        var pages = DownstreamDocsTests.Queues();
        Assert.Equal(
            [AzureNames.RecordsQueue, AzureNames.FailuresQueue, AzureNames.ManifestsQueue], pages.Select(p => p.Queue));
        foreach (var ((queue, blob), id) in pages.Zip(["a", "b", "list"]))
        {
            PeekedMessage[] messages = (await account.Queues.GetQueueClient(queue).PeekMessagesAsync(32, Ct)).Value;
            Assert.Equal(2, messages.Length);
            var text = Assert.Single(messages.Select(message => message.Body.ToString()).Distinct());
            Assert.Equal(
                queue == AzureNames.RecordsQueue ? "pipeline.part/1" : $"pipeline.{queue[..^1]}/1",
                JsonElement.Parse(text).GetProperty("schema").GetString());
            Assert.All(messages, message => Assert.Equal(9999, message.ExpiresOn?.Year));
            Assert.True(await ExistsAsync(account.Blobs, blob, id), blob);
        }
    }

    private static async Task<bool> ExistsAsync(BlobServiceClient blobs, string pattern, string id)
    {
        var parts = pattern
            .Replace("{list_id}", "list", StringComparison.Ordinal)
            .Replace("{submission_id}", "list-000000", StringComparison.Ordinal)
            .Replace("{id}", id, StringComparison.Ordinal)
            .Replace("{part}", id, StringComparison.Ordinal)
            .Split('/', 2);
        return await blobs.GetBlobContainerClient(parts[0]).GetBlobClient(parts[1]).ExistsAsync(Ct);
    }
}

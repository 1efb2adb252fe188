using System.Text.Json;
using Azure;
using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Records;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Records;

/// <summary>The queue reader of the consumer library, over a real queue and real blobs.</summary>
[Trait("Needs", "servers")]
public sealed class RecordQueueTests(Servers servers)
{
    /// <summary>Creates new options for each test, because options remember the handled records.</summary>
    private static RecordQueueOptions AtOnce => new() { RetryDelay = TimeSpan.Zero };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EveryNamedRecordIsGivenOnceAndItsMessageDeleted()
    {
        var account = await CreateAsync();
        await account.PutAsync("a", Lines(0, 10), winners: [0, 1, 2, 5, 6, 9]);
        await account.PutAsync("b", Lines(10, 1));

        var records = await account.Read().ReadAsync(untilEmpty: true, Token).ToListAsync(Token);

        Assert.Equal(Ids(0, 1, 2, 5, 6, 9, 10), records.Select(record => record.Id));
        Assert.Equal(0, await account.CountAsync());
        // Neighbours share a request: three ranges of the first part, one of the second.
        Assert.Equal(4, account.Requests.Count(request => request.StartsWith("GET", StringComparison.Ordinal)
            && request.Contains(".ndjson.gz", StringComparison.Ordinal)));
    }

    [Fact]
    [Trait("Promise", "7")]
    public async Task ALoopThatEndsEarlyGetsTheRestAgainAndNothingTwice()
    {
        var account = await CreateAsync();
        var message = await account.PutAsync("a", Lines(0, 5));
        var reader = account.Read(AtOnce);
        var handled = new List<string>();

        await foreach (var record in reader.ReadAsync(untilEmpty: true, Token))
        {
            // The loop ends while the third is being handled, so it does not count as handled.
            if (handled.Count == 2)
                break;
            handled.Add(record.Id);
        }
        // The pipeline may announce a part again.
        await account.SendAsync(message);
        await foreach (var record in reader.ReadAsync(untilEmpty: true, Token))
            handled.Add(record.Id);

        Assert.Equal(Ids(0, 1, 2, 3, 4), handled);
        Assert.Equal(0, await account.CountAsync());
    }

    [Fact]
    public async Task APartThatIsNotCompletedMarksNothingAsHandled()
    {
        var account = await CreateAsync();
        await account.PutAsync("a", Lines(0, 3));
        var reader = account.Read(AtOnce);

        await using (var first = await reader.ReceiveAsync(Token))
            Assert.Equal(3, await first!.ReadAsync(Token).CountAsync(Token));
        await using (var again = await reader.ReceiveAsync(Token))
        {
            Assert.Equal(2, again!.Tries);
            Assert.Equal(3, await again.ReadAsync(Token).CountAsync(Token));
            Assert.True(await again.CompleteAsync(Token));
        }
        Assert.Null(await reader.ReceiveAsync(Token));
    }

    /// <summary>Deleting with the receipt of the receive, not of the last extension, is a 404.</summary>
    [Fact]
    public async Task TheLeaseIsExtendedAndTheMessageDeletedWithTheNewestReceipt()
    {
        var account = await CreateAsync();
        await account.PutAsync("a", Lines(0, 1));
        var time = new FakeTimeProvider();

        await using var part = await account.Read(time: time).ReceiveAsync(Token);
        for (var extensions = 1; extensions <= 3; extensions++)
        {
            time.Advance(TimeSpan.FromMinutes(100.0 / 60));
            await Patience.UntilAsync(
                () => account.Requests.Count(request => request.StartsWith("PUT", StringComparison.Ordinal)
                    && request.Contains("/messages/", StringComparison.Ordinal)) >= extensions);
        }

        Assert.True(await part!.CompleteAsync(Token));
        Assert.Equal(0, await account.CountAsync());
    }

    [Fact]
    public async Task AMessageThatAnotherConsumerTookIsNoError()
    {
        var account = await CreateAsync();
        await account.PutAsync("a", Lines(0, 3));
        var given = new List<string>();

        await foreach (var record in account.Read().ReadAsync(untilEmpty: true, Token))
        {
            if (given.Count == 0)
            {
                await account.Queue.ClearMessagesAsync(Token);
                await account.PutAsync("b", Lines(3, 1));
            }
            given.Add(record.Id);
        }

        Assert.Equal(Ids(0, 1, 2, 3), given);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("""{"schema":"pipeline.pointer/1","id":"a","uri":"https://a.example/records/b"}""")]
    [InlineData("""{"schema":"pipeline.part/1","list_id":"l","submission_id":"s","uri":"relative","records":[]}""")]
    [InlineData("""{"schema":"pipeline.part/1","list_id":null,"submission_id":"s","uri":"https://a/b","records":[]}""")]
    public async Task AMessageThatIsNoPartGoesToThePoisonQueueAtOnce(string text)
    {
        var account = await CreateAsync();
        await account.Queue.SendMessageAsync(text, Token);
        await account.PutAsync("a", Lines(0, 1));
        var problems = new List<RecordQueueProblem>();

        var records = await account.Read(AtOnce with { OnProblem = problems.Add })
            .ReadAsync(untilEmpty: true, Token).ToListAsync(Token);

        Assert.Single(records);
        var problem = Assert.Single(problems);
        Assert.Equal((text, true), (problem.Text, problem.IsPoison));
        QueueMessage poison = await account.Poison.ReceiveMessageAsync(cancellationToken: Token);
        Assert.Equal(text, poison.Body.ToString());
        Assert.Equal(0, await account.CountAsync());
    }

    [Theory]
    [InlineData("digest", "a different digest")]
    [InlineData("id", "is not the record")]
    [InlineData("offset", "gzip")]
    [InlineData("length", "ends inside")]
    [InlineData("end", "ends before")]
    [InlineData("list", "is not a blob of list other")]
    [InlineData("container", "is not a blob of list list")]
    [InlineData("dots", "is not a blob of list list")]
    public async Task AMessageWhoseRecordIsWrongIsTriedFiveTimesAndHoldsUpNoOther(string what, string why)
    {
        var account = await CreateAsync();
        var message = await account.PutAsync("a", Lines(0, 2), sends: false);
        var record = message.Records[1];
        record = what switch
        {
            "digest" => record with { ContentDigest = "xxh128:0" },
            "id" => record with { Id = RecordLine.Id(77) },
            "offset" => record with { Offset = record.Offset - 1 },
            "length" => record with { Length = record.Length - 1 },
            "end" => record with { Offset = 1 << 20 },
            _ => record,
        };
        await account.SendAsync(message with
        {
            Records = [record],
            ListId = what == "list" ? "other" : "list",
            Uri = what switch
            {
                "container" => new("https://evil.example/other/list/sub-0/a.ndjson.gz"),
                "dots" => new("https://evil.example/records/list/%2E%2E%2Fother"),
                _ => message.Uri,
            },
        });
        await account.PutAsync("b", Lines(5, 1));
        var problems = new List<RecordQueueProblem>();

        var records = await account.Read(AtOnce with { OnProblem = problems.Add })
            .ReadAsync(untilEmpty: true, Token).ToListAsync(Token);

        Assert.Equal(Ids(5), records.Select(r => r.Id));
        Assert.Equal([false, false, false, false, false, true], problems.Select(problem => problem.IsPoison));
        Assert.Contains(why, problems[0].Reason, StringComparison.Ordinal);
        Assert.Equal(0, await account.CountAsync());
        Assert.Single((await account.Poison.PeekMessagesAsync(9, Token)).Value);
    }

    /// <summary>Credentials are sent only to the container that the consumer named.</summary>
    [Fact]
    [Trait("Promise", "6")]
    public async Task TheHostInAMessageIsNotUsed()
    {
        var account = await CreateAsync();
        var message = await account.PutAsync("a", Lines(0, 1), sends: false);
        await account.SendAsync(
            message with { Uri = new("https://evil.example/records/list/sub-0/a.ndjson.gz?sig=x") });

        var records = await account.Read().ReadAsync(untilEmpty: true, Token).ToListAsync(Token);

        Assert.Equal(Ids(0), records.Select(record => record.Id));
    }

    [Fact]
    public async Task ADeletedPartIsReadFromTheFileOfItsSubmission()
    {
        var account = await CreateAsync();
        var message = await account.PutAsync("a", Lines(0, 3));
        await account.Records.DeleteBlobAsync("list/sub-0/a.ndjson.gz", cancellationToken: Token);
        var closed = account.Records.GetBlobClient("list/sub-0.ndjson.gz");
        byte[] all = [.. Lines(0, 9).Reverse().SelectMany(line => RecordLine.Member(line))];
        await closed.UploadAsync(new BinaryData(all), Token);

        var records = await account.Read().ReadAsync(untilEmpty: true, Token).ToListAsync(Token);

        Assert.Equal(Ids(2, 1, 0), records.Select(record => record.Id));
        await closed.DeleteAsync(DeleteSnapshotsOption.None, cancellationToken: Token);
        var error = await Assert.ThrowsAsync<RecordException>(
            async () => await new PartReader(account.Records).ReadAsync(message, null, Token).ToListAsync(Token));
        Assert.Equal((RecordFault.Missing, RecordLine.Id(0)), (error.Fault, error.RecordId));
    }

    [Fact]
    public async Task ARecordBeyondTheBufferIsStreamed()
    {
        var account = await CreateAsync();
        var random = new Random(1);
        var html = string.Concat(Enumerable.Range(0, 1_000_000).Select(_ => random.Next(1 << 24).ToString("x6")));
        await account.PutAsync("a", [RecordLine.Of(0), RecordLine.Of(1, html), RecordLine.Of(2)]);

        var options = AtOnce with { Reader = new() { MaxMemoryBytes = 1 << 20 } };
        var seen = new List<long>();
        await foreach (var record in account.Read(options).ReadAsync(untilEmpty: true, Token))
            seen.Add(record.LargeMembers.GetValueOrDefault("html"));

        Assert.Equal([0, html.Length, 0], seen);
    }

    [Fact]
    public async Task AnAccountThatRefusesIsTheConsumersToHear()
    {
        var account = await CreateAsync();
        var wrong = new StorageSharedKeyCredential(account.Queue.AccountName, Convert.ToBase64String(new byte[64]));
        var reader = new RecordQueueReader(
            new QueueClient(account.Queue.Uri, wrong), new BlobContainerClient(account.Connection, "records"), AtOnce);

        var error = await Assert.ThrowsAsync<RequestFailedException>(
            async () => await reader.ReadAsync(untilEmpty: true, Token).ToListAsync(Token));

        Assert.Equal("AuthenticationFailed", error.ErrorCode);
    }

    /// <summary>A wrong name in the consumer's settings must not send messages to the poison queue.</summary>
    [Fact]
    public async Task AContainerThatIsNotThereIsTheConsumersToHear()
    {
        var account = await CreateAsync();
        var message = await account.PutAsync("a", Lines(0, 1), sends: false);
        await account.SendAsync(message with { Uri = new("https://a.example/elsewhere/list/sub-0/a.ndjson.gz") });
        var elsewhere = new BlobContainerClient(account.Connection, "elsewhere");

        var error = await Assert.ThrowsAsync<RequestFailedException>(
            async () => await new RecordQueueReader(account.Queue, elsewhere, AtOnce)
                .ReadAsync(untilEmpty: true, Token).ToListAsync(Token));

        Assert.Equal("ContainerNotFound", error.ErrorCode);
    }

    /// <summary>Storage Explorer sends base64 when it moves a message back from the poison queue.</summary>
    [Fact]
    public async Task AMessageInBase64IsReadToo()
    {
        var account = await CreateAsync();
        var message = await account.PutAsync("a", Lines(0, 1), sends: false);
        var json = JsonSerializer.SerializeToUtf8Bytes(message, RecordsJson.Default.PartMessage);
        await account.Queue.SendMessageAsync(Convert.ToBase64String(json), Token);

        Assert.Single(await account.Read().ReadAsync(untilEmpty: true, Token).ToListAsync(Token));
    }

    [Fact]
    public async Task AClientThatExpectsBase64IsToldHowToBeCreated()
    {
        var account = await CreateAsync();
        await account.PutAsync("a", Lines(0, 1));
        var client = new QueueClient(
            account.Connection, "records", new() { MessageEncoding = QueueMessageEncoding.Base64 });

        var error = await Assert.ThrowsAsync<InvalidOperationException>(
            () => new RecordQueueReader(client, account.Records).ReceiveAsync(Token));

        Assert.Contains("MessageEncoding", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnOptionOutOfItsRangeIsNamedWithIt()
    {
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => new RecordQueueOptions { Lease = TimeSpan.Zero });

        Assert.StartsWith("Lease must be from 00:00:01 to 7.00:00:00.", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(
            () => new RecordQueueOptions { RetryDelay = -TimeSpan.FromTicks(1) });
        Assert.Throws<ArgumentOutOfRangeException>(() => new RecordQueueOptions { LongestWait = TimeSpan.Zero });
        Assert.Throws<ArgumentOutOfRangeException>(() => new RecordQueueOptions { MaxTries = 0 });
    }

    private async Task<PartAccount> CreateAsync() => await PartAccount.CreateAsync(await servers.AzureAsync());

    private static string[] Lines(int from, int count) =>
        [.. Enumerable.Range(from, count).Select(i => RecordLine.Of(i, html: new string('x', i)))];

    private static IEnumerable<string> Ids(params IEnumerable<int> numbers) => numbers.Select(RecordLine.Id);
}

using System.Net;
using Azure;
using Azure.Core.Pipeline;
using Azure.Storage.Blobs;
using Pipeline.Records;

namespace Pipeline.Tests.Records;

/// <summary>The reader of parts, over bytes in memory.</summary>
public sealed class PartReaderTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>
    /// A message names the records of up to 32 pages, and one damaged record must not cost the consumer the others.
    /// </summary>
    [Theory]
    [InlineData("a byte of its data")]
    [InlineData("its checksum")]
    [InlineData("its header")]
    [InlineData("another record in its place")]
    [InlineData("no record in its place")]
    public async Task ADamagedRecordHoldsUpNoOther(string damage)
    {
        for (var bad = 0; bad < 4; bad++)
        {
            var members = Enumerable.Range(0, 4).Select(i => RecordLine.Member(RecordLine.Of(i))).ToArray();
            Spoil(members, bad, damage);
            var (message, reader) = Store(members);
            var given = new List<string>();

            var error = await Assert.ThrowsAsync<RecordException>(async () =>
            {
                await foreach (var record in reader.ReadAsync(message, cancellationToken: Token))
                    given.Add(record.Id);
            });

            Assert.Equal(Enumerable.Range(0, 4).Where(i => i != bad).Select(RecordLine.Id), given);
            Assert.DoesNotContain(error.RecordId, given);
        }
    }

    [Fact]
    public async Task RecordsBehindTheEndOfThePartHoldUpNoOther()
    {
        var members = Enumerable.Range(0, 3).Select(i => RecordLine.Member(RecordLine.Of(i))).ToArray();
        var (message, reader) = Store(members, stored: members[0].Length + members[1].Length);
        var given = new List<string>();

        var error = await Assert.ThrowsAsync<RecordException>(async () =>
        {
            await foreach (var record in reader.ReadAsync(message, cancellationToken: Token))
                given.Add(record.Id);
        });

        Assert.Equal([RecordLine.Id(0), RecordLine.Id(1)], given);
        Assert.Equal(RecordFault.Missing, error.Fault);
    }

    /// <summary>A range is read from its own start, and positions are those of the part.</summary>
    [Fact]
    public async Task APositionIsThatInThePart()
    {
        var members = Enumerable.Range(0, 4).Select(i => RecordLine.Member(RecordLine.Of(i))).ToArray();
        var (message, reader) = Store(members);
        PartMessage some = message with { Records = [message.Records[1], message.Records[3]] };

        var records = await reader.ReadAsync(some, cancellationToken: Token).ToListAsync(Token);

        Assert.Equal(some.Records.Select(record => record.Offset), records.Select(record => record.Position!.Offset));
    }

    [Fact]
    public async Task AFaultyLineOfTheSubmissionsFileHoldsUpNoOther()
    {
        byte[] file = [.. Enumerable.Range(0, 4).SelectMany(i => RecordLine.Member(
            i == 1 ? RecordLine.Of(i).Replace("003Epage", "003Eedge", StringComparison.Ordinal) : RecordLine.Of(i)))];
        var (message, _) = Store([.. Enumerable.Range(0, 3).Select(i => RecordLine.Member(RecordLine.Of(i)))]);
        var reader = new PartReader((blob, _, _, _) => Task.FromResult<Stream?>(
            blob == "list/sub-0.ndjson.gz" ? new MemoryStream(file) : null));
        var given = new List<string>();

        var error = await Assert.ThrowsAsync<RecordException>(async () =>
        {
            await foreach (var record in reader.ReadAsync(message, cancellationToken: Token))
                given.Add(record.Id);
        });

        Assert.Equal([RecordLine.Id(0), RecordLine.Id(2)], given);
        Assert.Equal((RecordFault.Damaged, RecordLine.Id(1)), (error.Fault, error.RecordId));
    }

    /// <summary>An error about one blob is its message's fault; any other error is not.</summary>
    [Theory]
    [InlineData(HttpStatusCode.Conflict, "BlobArchived", true)]
    [InlineData(HttpStatusCode.BadRequest, "OutOfRangeInput", true)]
    [InlineData(HttpStatusCode.NotFound, "BlobNotFound", true)]
    [InlineData(HttpStatusCode.NotFound, "ContainerNotFound", false)]
    [InlineData(HttpStatusCode.Forbidden, "AuthorizationFailure", false)]
    public async Task ABlobThatCannotBeReadIsTheFaultOfItsMessageOnly(
        HttpStatusCode status, string code, bool isOfMessage)
    {
        var (message, _) = Store([RecordLine.Member(RecordLine.Of(0))]);
        using var http = new HttpClient(new Refusing(status, code));
        var options = new BlobClientOptions { Transport = new HttpClientTransport(http), Retry = { MaxRetries = 0 } };
        var reader = new PartReader(new BlobContainerClient(new Uri("https://a.example/records"), options));

        var error = await Assert.ThrowsAnyAsync<Exception>(
            () => reader.ReadAsync(message, cancellationToken: Token).ToListAsync(Token).AsTask());

        if (isOfMessage)
            Assert.Equal(RecordFault.Missing, Assert.IsType<RecordException>(error).Fault);
        else
            Assert.Equal(code, Assert.IsType<RequestFailedException>(error).ErrorCode);
    }

    private static void Spoil(byte[][] members, int bad, string damage)
    {
        switch (damage)
        {
            case "a byte of its data":
                members[bad][members[bad].Length / 2] ^= 0xFF;
                break;
            case "its checksum":
                members[bad][^5] ^= 1;
                break;
            case "its header":
                members[bad][0] = 0;
                break;
            case "another record in its place":
                members[bad] = RecordLine.Member(RecordLine.Of(77));
                break;
            default:
                members[bad] = RecordLine.Member("{}");
                break;
        }
    }

    private static (PartMessage Message, PartReader Reader) Store(byte[][] members, int stored = int.MaxValue)
    {
        byte[] part = [.. members.SelectMany(member => member).Take(stored)];
        var offset = 0;
        var records = new List<PartRecord>();
        foreach (var (i, member) in members.Index())
        {
            records.Add(new() { Id = RecordLine.Id(i), Offset = offset, Length = member.Length });
            offset += member.Length;
        }
        var message = new PartMessage
        {
            Schema = PartMessage.SchemaName,
            ListId = "list",
            SubmissionId = "sub-0",
            Uri = new("https://a.example/records/list/sub-0/a.ndjson.gz"),
            Records = records,
        };
        return (message, new((_, from, length, _) => Task.FromResult<Stream?>(
            new MemoryStream([.. part.Skip((int)from).Take((int)(length ?? int.MaxValue))]))));
    }

    private sealed class Refusing(HttpStatusCode status, string code) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken) => Task.FromResult(
            new HttpResponseMessage(status) { Headers = { { "x-ms-error-code", code } } });
    }
}

using System.IO.Compression;
using System.Text;
using Pipeline.Ports;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Contracts;

/// <summary>What <see cref="IRecordAnnouncer"/> promises.</summary>
[Trait("Promise", "7")]
public abstract class RecordAnnouncerContract : PortContract<IRecordAnnouncer>
{
    private const string Json = """{"id":"a"}""";

    [Theory]
    [InlineData(DocumentKind.Record)]
    [InlineData(DocumentKind.Failure)]
    [InlineData(DocumentKind.Manifest)]
    public async Task EachKindIsAnnouncedToItsOwnConsumers(DocumentKind kind)
    {
        await Port.AnnounceAsync(Document(kind, Json), Token);

        foreach (var other in Enum.GetValues<DocumentKind>())
            Assert.Equal(other == kind ? [Json] : [], await ReadAsync(other));
    }

    [Fact]
    public async Task ADocumentThatIsAnnouncedAgainHasTheSameBytesAfterACrashToo()
    {
        var large = $$"""{"id":"a","text":"{{Convert.ToHexString(Some.Bytes(200_000))}}"}""";
        await Port.AnnounceAsync(Document(DocumentKind.Record, large), Token);
        await CrashAsync();
        await Port.AnnounceAsync(Document(DocumentKind.Record, large), Token);

        var messages = await ReadAsync(DocumentKind.Record);
        Assert.Equal(2, messages.Count);
        Assert.Single(messages.Distinct());
    }

    [Fact]
    public async Task NoAnnouncementRepeatsASignature()
    {
        var large = $$"""{"text":"{{Convert.ToHexString(Some.Bytes(200_000))}}"}""";
        await Port.AnnounceAsync(Document(DocumentKind.Failure, large), Token);

        Assert.DoesNotContain("secret", Assert.Single(await ReadAsync(DocumentKind.Failure)), StringComparison.Ordinal);
    }

    /// <summary>The announcements of a kind, in any order.</summary>
    protected abstract Task<IReadOnlyList<string>> ReadAsync(DocumentKind kind);

    private static StoredDocument Document(DocumentKind kind, string json)
    {
        var content = new MemoryStream(kind == DocumentKind.Record ? Member(json) : Encoding.UTF8.GetBytes(json));
        return new(kind, "a", new("https://store.example/documents/a?sig=secret"), content);
    }

    private static byte[] Member(string json)
    {
        var member = new MemoryStream();
        using (var gzip = new GZipStream(member, CompressionMode.Compress))
            gzip.Write(Encoding.UTF8.GetBytes(json + "\n"));
        return member.ToArray();
    }
}

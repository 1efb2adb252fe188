using System.IO.Compression;
using System.Text;
using Pipeline.Ports;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Contracts;

/// <summary>What <see cref="IRecordAnnouncer"/> promises.</summary>
[Trait("Promise", "7")]
public abstract class RecordAnnouncerContract : PortContract<IRecordAnnouncer>
{
    /// <summary>The kinds that this announcer tells of; it ignores the others.</summary>
    protected virtual IReadOnlyList<DocumentKind> Announced => Enum.GetValues<DocumentKind>();

    [Theory]
    [InlineData(DocumentKind.Record)]
    [InlineData(DocumentKind.Failure)]
    [InlineData(DocumentKind.Manifest)]
    public async Task EachKindIsAnnouncedToItsOwnConsumers(DocumentKind kind)
    {
        await Port.AnnounceAsync(Document(kind, Sample(kind)), Token);

        foreach (var other in Enum.GetValues<DocumentKind>())
            Assert.Equal(other == kind && Announced.Contains(kind) ? 1 : 0, (await ReadAsync(other)).Count);
        if (Announced.Count > 1)
            Assert.Equal([Sample(kind)], await ReadAsync(kind));
    }

    [Fact]
    public async Task ADocumentThatIsAnnouncedAgainHasTheSameBytesAfterACrashToo()
    {
        var kind = Announced[0];
        var document = Announced.Count == 1
            ? Sample(kind)
            : $$"""{"id":"a","text":"{{Convert.ToHexString(Some.Bytes(200_000))}}"}""";
        await Port.AnnounceAsync(Document(kind, document), Token);
        await CrashAsync();
        await Port.AnnounceAsync(Document(kind, document), Token);

        var messages = await ReadAsync(kind);
        Assert.Equal(2, messages.Count);
        Assert.Single(messages.Distinct());
    }

    [Fact]
    public async Task NoAnnouncementRepeatsASignature()
    {
        var kind = Announced[^1];
        var document = Announced.Count == 1
            ? Sample(kind)
            : $$"""{"text":"{{Convert.ToHexString(Some.Bytes(200_000))}}"}""";
        await Port.AnnounceAsync(Document(kind, document), Token);

        Assert.DoesNotContain("secret", Assert.Single(await ReadAsync(kind)), StringComparison.Ordinal);
    }

    /// <summary>A document of a kind.</summary>
    protected virtual string Sample(DocumentKind kind) => """{"id":"a"}""";

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

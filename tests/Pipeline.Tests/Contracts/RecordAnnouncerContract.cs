using System.Text;
using Pipeline.Ports;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Contracts;

/// <summary>What <see cref="IRecordAnnouncer"/> promises.</summary>
[Trait("Promise", "7")]
public abstract class RecordAnnouncerContract : PortContract<IRecordAnnouncer>
{
    /// <summary>The kinds that this announcer announces; it ignores all others.</summary>
    protected virtual IReadOnlyList<DocumentKind> Announced => Enum.GetValues<DocumentKind>();

    [Theory]
    [InlineData(DocumentKind.Failure)]
    [InlineData(DocumentKind.Manifest)]
    public async Task EachKindIsAnnouncedToItsOwnConsumers(DocumentKind kind)
    {
        await Port.AnnounceAsync(Document(kind, Sample(kind)), Token);

        foreach (var other in Enum.GetValues<DocumentKind>())
            Assert.Equal(other == kind && Announced.Contains(kind) ? 1 : 0, (await ReadAsync(other)).Count);
        if (Announced.Count > 1)
            Assert.Equal([Sample(kind)], await ReadAsync(kind));
        Assert.Empty(await ReadRecordsAsync());
    }

    [Fact]
    public async Task RecordsAreAnnouncedToTheirOwnConsumers()
    {
        await Port.AnnounceAsync(Part("https://a.example/"), Token);
        await CrashAsync();
        await Port.AnnounceAsync(Part("https://a.example/"), Token);

        var messages = await ReadRecordsAsync();
        Assert.Equal(AnnouncesRecords ? 2 : 0, messages.Count);
        Assert.InRange(messages.Distinct().Count(), 0, 1);
        foreach (var other in Enum.GetValues<DocumentKind>())
            Assert.Empty(await ReadAsync(other));
    }

    [Fact]
    public async Task WhatIsAnnouncedAgainHasTheSameBytesAfterACrashToo()
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
        if (!AnnouncesRecords)
            return;
        await Port.AnnounceAsync(Part("https://a.example/"), Token);
        Assert.DoesNotContain("secret", Assert.Single(await ReadRecordsAsync()), StringComparison.Ordinal);
    }

    /// <summary>A document of a kind.</summary>
    protected virtual string Sample(DocumentKind kind) => """{"id":"a"}""";

    /// <summary>The announcements of a kind, in any order.</summary>
    protected abstract Task<IReadOnlyList<string>> ReadAsync(DocumentKind kind);

    /// <summary>Whether this announcer announces records.</summary>
    protected virtual bool AnnouncesRecords => true;

    /// <summary>The announcements of records, in any order.</summary>
    protected virtual Task<IReadOnlyList<string>> ReadRecordsAsync() => Task.FromResult<IReadOnlyList<string>>([]);

    private static StoredPart Part(string url) => new(
        "list", "list-000000", new("https://store.example/records/list/list-000000/p.ndjson.gz?sig=secret"),
        [new("a", url, 200, Offset: 0, Length: 120, "xxh128:0")]);

    private static StoredDocument Document(DocumentKind kind, string json) => new(
        kind, "a", new("https://store.example/documents/a?sig=secret"),
        new MemoryStream(Encoding.UTF8.GetBytes(json)));
}

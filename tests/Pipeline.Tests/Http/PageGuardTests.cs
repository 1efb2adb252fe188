using Azure.Storage.Blobs;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Http;
using Pipeline.Model;
using Pipeline.Stores.Azure;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Http;

/// <summary>An endless listing is stopped, with an error.</summary>
[Trait("Promise", "9")]
public sealed class PageGuardTests
{
    private readonly FakeTimeProvider _time = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public void AListingHasTenThousandPagesAtMost()
    {
        var guard = new PageGuard("s3://bucket/", _time);
        for (var page = 1; page < 10_000; page++)
            guard.Next($"token-{page}");
        AssertEndless("it has more than 10000 pages", () => guard.Next("token-10000"));
    }

    [Fact]
    public void AListingThatRepeatsATokenGoesInCircles()
    {
        var guard = new PageGuard("s3://bucket/", _time);
        guard.Next("a");
        guard.Next("b");
        AssertEndless("the other side repeats a page token", () => guard.Next("a"));
    }

    [Fact]
    public async Task ThePagesOfAListingTakeTwentyMinutesAtMost()
    {
        var guard = new PageGuard("s3://bucket/", _time);
        for (var page = 0; page < 20; page++)
        {
            await FetchAsync(guard, TimeSpan.FromMinutes(1));
            guard.Next($"token-{page}");
        }

        await FetchAsync(guard, TimeSpan.FromMinutes(1));
        AssertEndless("it has taken 21 minutes", () => guard.Next("token"));
    }

    [Fact]
    public async Task TheTimeBetweenPagesIsTheCallers()
    {
        var guard = new PageGuard("s3://bucket/", _time);
        for (var page = 0; page < 20; page++)
        {
            await FetchAsync(guard, TimeSpan.FromSeconds(1));
            guard.Next($"token-{page}");
            _time.Advance(TimeSpan.FromHours(1));
        }
    }

    [Fact]
    public async Task APageThatFailsCountsToo()
    {
        var guard = new PageGuard("s3://bucket/", _time);
        await Assert.ThrowsAsync<IOException>(() => guard.FetchAsync<int>(() =>
        {
            _time.Advance(TimeSpan.FromMinutes(21));
            throw new IOException();
        }));
        AssertEndless("it has taken 21 minutes", () => guard.Next("token"));
    }

    [Theory]
    [InlineData(true, "the other side repeats a page token")]
    [InlineData(false, "it has taken 20 minutes")]
    public async Task AListingOfAStorageAccountIsBoundedToo(bool repeats, string why)
    {
        var pages = 0;
        await using var server = await TestServer.StartAsync(context =>
        {
            _time.Advance(TimeSpan.FromSeconds(5));
            return PageAsync(context, repeats ? "same" : $"marker-{Interlocked.Increment(ref pages)}");
        });
        using var account = new AzureAccount(
            new()
            {
                ConnectionString =
                    $"BlobEndpoint={server.Address}a;QueueEndpoint={server.Address}a;TableEndpoint={server.Address}a;"
                    + "SharedAccessSignature=sv=2023-11-03&sig=abc%3D",
                MaxTries = 1,
            },
            time: _time);
        var container = account.Container("lists");
        var error = await Assert.ThrowsAsync<PipelineException>(
            async () =>
                await container.ReadAsync<global::Azure.Storage.Blobs.Models.BlobItem>(List, Ct).CountAsync(Ct));
        Assert.Equal(
            (FailureReasons.Unavailable, $"The listing of the blob container 'lists' does not end: {why}."),
            (error.Reason, error.Message));
        Assert.InRange(pages, 0, 250);
    }

    private static global::Azure.AsyncPageable<global::Azure.Storage.Blobs.Models.BlobItem> List(
        BlobContainerClient client) =>
        client.GetBlobsAsync(cancellationToken: Ct);

    private static Task PageAsync(HttpContext context, string marker)
    {
        context.Response.ContentType = "application/xml";
        return context.Response.WriteAsync(
            "<?xml version=\"1.0\"?><EnumerationResults><Blobs "
                + $"/><NextMarker>{marker}</NextMarker></EnumerationResults>",
            Ct);
    }

    private Task<int> FetchAsync(PageGuard guard, TimeSpan takes) => guard.FetchAsync(() =>
    {
        _time.Advance(takes);
        return Task.FromResult(1);
    });

    private static void AssertEndless(string why, Action next)
    {
        var error = Assert.Throws<PipelineException>(next);
        Assert.Equal(
            (FailureReasons.Unavailable, false, $"The listing of s3://bucket/ does not end: {why}."),
            (error.Reason, error.IsPermanent, error.Message));
    }
}

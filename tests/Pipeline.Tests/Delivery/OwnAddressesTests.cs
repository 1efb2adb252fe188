using Pipeline.Delivery;
using Pipeline.Options;

namespace Pipeline.Tests.Delivery;

/// <summary>Which addresses belong to this pipeline.</summary>
public sealed class OwnAddressesTests
{
    private const string Id = "shops-000003-r1";
    private static readonly string Key = Convert.ToBase64String(new byte[32]);
    private static readonly string Older = Convert.ToBase64String([.. Enumerable.Repeat((byte)1, 32)]);

    [Fact]
    public void CallbacksAndPrefixesOfOurKeysAreOurs()
    {
        var addresses = Of(Key, Older);
        foreach (var tokens in new[] { Tokens(Key), Tokens(Older) })
        {
            Assert.Equal(new(Id, true), addresses.Find(tokens.UrlFor(Id)!.AbsoluteUri));
            var prefix = $"s3://bucket/results/shops/{Id}-{tokens.PrefixSecretFor(Id)}/";
            Assert.Equal(new(Id, true), addresses.Find(prefix));
            Assert.Equal(new(Id, true), addresses.Find($"{prefix}8e8c.json.gz"));
        }
    }

    [Fact]
    public void AddressesOfAnotherKeyAreNotOurs()
    {
        var others = Tokens(Convert.ToBase64String([.. Enumerable.Repeat((byte)9, 32)]));
        var addresses = Of(Key, Older);

        Assert.Equal(new(Id, false), addresses.Find(others.UrlFor(Id)!.AbsoluteUri));
        Assert.Equal(
            new(Id, false), addresses.Find($"s3://bucket/results/shops/{Id}-{others.PrefixSecretFor(Id)}/"));
        // The token of one submission does not prove another one.
        var other = Tokens(Key).UrlFor("other-000000")!.AbsoluteUri;
        Assert.False(addresses.Find(other.Replace("other-000000", Id, StringComparison.Ordinal)).IsProven);
        Assert.Equal(default, addresses.Find("https://hooks.example.com/nimble"));
        Assert.Equal(default, addresses.Find("s3://bucket/results/shops/shops-000003/"));
    }

    [Fact]
    public void WithoutAKeyOurBucketTells()
    {
        var addresses = Of();

        Assert.Equal(new("shops-000003", true), addresses.Find("s3://bucket/results/shops/shops-000003/t.json"));
        Assert.Equal(default, addresses.Find("s3://bucket/results/shops/other-000003/t.json"));
        Assert.Equal(default, addresses.Find("s3://elsewhere/results/shops/shops-000003/t.json"));
    }

    private static OwnAddresses Of(params string[] keys) => new(Tokens(keys), Options(keys));

    private static CallbackTokens Tokens(params string[] keys) => new(Options(keys));

    private static Microsoft.Extensions.Options.IOptions<PipelineOptions> Options(string[] keys)
    {
        var options = new PipelineOptions();
        options.Delivery.StorageUrl = "s3://bucket/results/";
        options.Delivery.CallbackBase = new("https://pipeline.example.com/base/");
        foreach (var key in keys)
            options.Delivery.CallbackKeys.Add(key);
        return Microsoft.Extensions.Options.Options.Create(options);
    }
}

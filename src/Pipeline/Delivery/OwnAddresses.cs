using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;
using Pipeline.Model;
using Pipeline.Options;

namespace Pipeline.Delivery;

/// <summary>The owner of an address that Nimble was told to deliver to.</summary>
/// <param name="SubmissionId">The submission that it names; null if it does not have the form of our addresses.</param>
/// <param name="IsProven">Whether the key proves that this pipeline made it.</param>
internal readonly record struct AddressOwner(string? SubmissionId, bool IsProven);

/// <summary>
/// Recognizes the callback URLs and delivery prefixes that this pipeline made, without its ledger: both hold the id of
/// their submission and an HMAC of it. Other pipelines may use the same API key and the same bucket.
/// </summary>
internal sealed partial class OwnAddresses(CallbackTokens tokens, IOptions<PipelineOptions> options)
{
    /// <summary>Returns the owner of an address.</summary>
    /// <param name="address">A callback URL, a delivery prefix, or the address of an object.</param>
    public AddressOwner Find(string address)
    {
        if (Callback().Match(address) is { Success: true } callback)
            return Of(callback, tokens.Verify);
        if (SecretFolder().Match(address) is { Success: true } folder)
            return Of(folder, tokens.IsPrefixSecret);
        // Without a key, a prefix has no secret; only the bucket then shows the owner.
        return !tokens.HasKeys && Folder().Match(address) is { Success: true } plain && IsInOurBucket(address)
            ? new(plain.Groups["id"].Value, IsProven: true)
            : default;
    }

    private static AddressOwner Of(Match match, Func<string, string, bool> isOurs)
    {
        var id = match.Groups["id"].Value;
        return new(id, isOurs(id, match.Groups["secret"].Value));
    }

    private bool IsInOurBucket(string address) =>
        options.Value.Delivery.StorageUrl is { } storage
        && address.StartsWith(ObjectUri.Parse(storage).AsPrefix().ToString(), StringComparison.Ordinal);

    [GeneratedRegex(@"/api/callbacks/(?<id>[A-Za-z0-9_-]{1,128})/(?<secret>[^/?#]+)$")]
    private static partial Regex Callback();

    [GeneratedRegex("/(?<id>[A-Za-z0-9_-]{1,128})-(?<secret>[0-9a-f]{32})/")]
    private static partial Regex SecretFolder();

    [GeneratedRegex("/(?<list>[A-Za-z0-9_-]{1,128})/(?<id>\\k<list>-[0-9]{6}(?:-r[0-9]+)?)/")]
    private static partial Regex Folder();
}

using System.Text.RegularExpressions;
using Pipeline.Model;

namespace Pipeline.Delivery;

/// <summary>
/// The prefix that a submission's results are delivered under: <c>{base}/{list}/{submission}-{secret}/</c>. The secret is an
/// HMAC, so nobody but Nimble and this pipeline can place an object there. Submissions that were posted by older versions, or
/// without a callback key, have no secret.
/// </summary>
internal static partial class DeliveryPrefix
{
    /// <summary>Makes the prefix of a submission.</summary>
    /// <param name="storageUrl">The base that the settings name.</param>
    /// <param name="submission">A submission that keeps the prefix of its last POST while the base is the same.</param>
    /// <param name="secret">The part that nobody can guess; null where there is no key.</param>
    public static string Of(string storageUrl, SubmissionEntry submission, string? secret)
    {
        var folder = ObjectUri.Parse(storageUrl).AsPrefix().Append($"{submission.ListId}/{submission.SubmissionId}").ToString();
        // The last POST may have been accepted after all: its results and those of the next one must be found in one place.
        return submission.StorageUrl is { } last && last.StartsWith(folder, StringComparison.Ordinal) ? last
            : secret is null ? $"{folder}/" : $"{folder}-{secret}/";
    }

    /// <summary>Whether an object under the submission's prefix can only come from Nimble.</summary>
    public static bool IsUnguessable(SubmissionEntry submission) =>
        submission.StorageUrl is { } url && Secret().Match(url) is { Success: true } secret
        && url.AsSpan(0, secret.Index).EndsWith(submission.SubmissionId, StringComparison.Ordinal);

    /// <summary>Whether an address that somebody repeats is the submission's callback path or lies under its prefix.</summary>
    public static bool IsNamedBy(SubmissionEntry submission, string address) =>
        address.Contains($"/{submission.SubmissionId}/", StringComparison.Ordinal)
        || (IsUnguessable(submission) && address.Contains(FolderOf(submission.StorageUrl!), StringComparison.Ordinal));

    private static string FolderOf(string prefix) => prefix[prefix.LastIndexOf('/', prefix.Length - 2)..];

    [GeneratedRegex("-[0-9a-f]{32}/$")]
    private static partial Regex Secret();
}

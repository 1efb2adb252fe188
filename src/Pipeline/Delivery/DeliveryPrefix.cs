using System.Text.RegularExpressions;
using Pipeline.Model;

namespace Pipeline.Delivery;

/// <summary>
/// The prefix of a submission's results: <c>{base}/{list}/{submission}-{secret}/</c>. The secret is an HMAC, so only
/// Nimble and this pipeline can place an object there. Submissions posted by older versions, or without a callback key,
/// have no secret.
/// </summary>
internal static partial class DeliveryPrefix
{
    /// <summary>Returns the prefix of a submission.</summary>
    /// <param name="storageUrl">The base from the settings.</param>
    /// <param name="submission">
    /// The submission. It keeps the prefix of its last POST while the base is the same.
    /// </param>
    /// <param name="secret">The secret part; null if there is no callback key.</param>
    public static string Of(string storageUrl, SubmissionEntry submission, string? secret)
    {
        var folder = ObjectUri.Parse(storageUrl).AsPrefix().Append(
            $"{submission.ListId}/{submission.SubmissionId}").ToString();
        // The last POST may have been accepted after all. Its results and those of the next one must be in one place.
        return submission.StorageUrl is { } last && last.StartsWith(folder, StringComparison.Ordinal) ? last
            : secret is null ? $"{folder}/" : $"{folder}-{secret}/";
    }

    /// <summary>Returns the folder of all submissions of a list, from the prefix of one.</summary>
    public static string FolderOfList(string prefix) => prefix[..(prefix.TrimEnd('/').LastIndexOf('/') + 1)];

    /// <summary>
    /// Returns where the results of all submissions lie that post inputs of the same planned one again.
    /// </summary>
    /// <param name="submission">A submission with a prefix.</param>
    public static ObjectUri OfRepeats(SubmissionEntry submission) => ObjectUri.Parse(
        $"{FolderOfList(submission.StorageUrl!)}{SubmissionIds.PlannedOf(submission)}-r");

    /// <summary>Whether the prefix has a secret, so that only Nimble can have placed an object under it.</summary>
    public static bool IsUnguessable(SubmissionEntry submission) =>
        submission.StorageUrl is { } url && Secret().Match(url) is { Success: true } secret
        && url.AsSpan(0, secret.Index).EndsWith(submission.SubmissionId, StringComparison.Ordinal);

    /// <summary>
    /// Whether an echoed address contains the submission's callback path, or is its prefix or under it. The echo may
    /// leave out the last slash.
    /// </summary>
    public static bool IsNamedBy(SubmissionEntry submission, string address)
    {
        var closed = address + "/";
        return closed.Contains($"/{submission.SubmissionId}/", StringComparison.Ordinal)
            || (IsUnguessable(submission)
                && closed.Contains(FolderOf(submission.StorageUrl!), StringComparison.Ordinal));
    }

    /// <summary>Whether an address is under the prefix of some submission, of this pipeline or another.</summary>
    public static bool IsUnderOne(string address) => Folder().IsMatch(address);

    private static string FolderOf(string prefix) => prefix[prefix.LastIndexOf('/', prefix.Length - 2)..];

    [GeneratedRegex("/(?<list>[A-Za-z0-9_-]{1,128})/\\k<list>-[0-9]{6}(?:-r[0-9]+)?(?:-[0-9a-f]{32})?/")]
    private static partial Regex Folder();

    [GeneratedRegex("-[0-9a-f]{32}/$")]
    private static partial Regex Secret();
}

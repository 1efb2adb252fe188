using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Pipeline.Intake;

/// <summary>
/// Ids of lists, given and derived, which live apart: a derived one is 20 hex digits of the content's hash, and nothing
/// else may be given that form. So nobody can take the id that another's list will have.
/// </summary>
internal static partial class ListIds
{
    private const int DerivedDigits = 20;

    /// <summary>
    /// The hash of all that makes a list what it is: its content and what it was given from outside. 64 hex digits.
    /// </summary>
    public static string ContentHash(byte[] content, SharedInputs fromOutside, string? urlColumn)
    {
        if (fromOutside.Properties.Count == 0 && urlColumn is null)
            return Convert.ToHexStringLower(content);
        var outside = fromOutside.Json + (urlColumn is null ? "" : $"\n{urlColumn}");
        return Convert.ToHexStringLower(SHA256.HashData([.. content, .. Encoding.UTF8.GetBytes(outside)]));
    }

    /// <summary>The id of a list that was given none.</summary>
    public static string Derive(string contentHash) => contentHash[..DerivedDigits];

    /// <summary>The id that stands for a message that cannot be read as a list.</summary>
    public static string OfMessage(ReadOnlySpan<byte> message) =>
        Derive(Convert.ToHexStringLower(SHA256.HashData(message)));

    /// <summary>An id that somebody gave, if a list of this content can have it.</summary>
    /// <exception cref="PipelineException">Permanent: it cannot.</exception>
    public static string Checked(string given, string contentHash)
    {
        if (!IsValid(given))
            throw Refused($"'{VisibleText.Of(given)}' cannot be a list_id. Use 1 to 64 letters, digits, '-' and '_'.");
        if (DerivedId().IsMatch(given) && given != Derive(contentHash))
        {
            throw Refused(
                $"'{given}' cannot be a list_id: {DerivedDigits} hex digits are the form of ids that are derived from "
                    + "a list's content, "
                    + "and this one is not derived from this list. Choose another list_id, or leave it out."
            );
        }
        return given;
    }

    /// <summary>Whether a list may have it, as far as its characters go.</summary>
    public static bool IsValid(string id) => ListId().IsMatch(id);

    /// <summary>What is said of a list whose id another list has already.</summary>
    public static PipelineException Taken(string listId) =>
        PipelineException.Permanent(
            FailureReasons.InvalidConfiguration,
            $"There is another list with the list_id '{listId}' already. Choose another list_id, or leave it out: then "
                + "it is derived from the content."
        );

    private static PipelineException Refused(string message) =>
        PipelineException.Permanent(FailureReasons.InvalidConfiguration, message);

    [GeneratedRegex(@"^[A-Za-z0-9_-]{1,64}\z")]
    private static partial Regex ListId();

    [GeneratedRegex(@"^[0-9A-Fa-f]{20}\z")]
    private static partial Regex DerivedId();
}

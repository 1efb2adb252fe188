using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Pipeline.Intake.Reading;
using Pipeline.Model;
using Pipeline.Notation;

namespace Pipeline.Intake;

/// <summary>
/// List ids, given or derived. A derived id is the first 20 hex digits of the content's hash, and given ids must not
/// have that form. So nobody can take the id that somebody else's list will get.
/// </summary>
internal static partial class ListIds
{
    private const int DerivedDigits = 20;

    /// <summary>
    /// Returns the hash that identifies a list: over its content and, from outside, the shared inputs, the URL column
    /// and the series. 64 hex digits.
    /// </summary>
    public static string ContentHash(byte[] content, SharedInputs fromOutside, string? urlColumn, string? series)
    {
        if (fromOutside.Properties.Count == 0 && urlColumn is null && series is null)
            return Convert.ToHexStringLower(content);
        var outside = fromOutside.Json
            + (urlColumn is null ? "" : $"\n{urlColumn}")
            + (series is null ? "" : $"\nseries\n{series}");
        return Convert.ToHexStringLower(SHA256.HashData([.. content, .. Encoding.UTF8.GetBytes(outside)]));
    }

    /// <summary>Returns the id of a list without a given id.</summary>
    public static string Derive(string contentHash) => contentHash[..DerivedDigits];

    /// <summary>Returns the id for a message that cannot be read as a list.</summary>
    public static string OfMessage(ReadOnlySpan<byte> message) =>
        Derive(Convert.ToHexStringLower(SHA256.HashData(message)));

    /// <summary>Returns a given id if a list with this content may have it.</summary>
    /// <exception cref="PipelineException">
    /// Permanent: characters or length are not allowed, or it has the form of a derived id of other content.
    /// </exception>
    public static string Checked(string given, string contentHash)
    {
        if (GivenName.FaultOf(given, "a list_id") is { } fault)
            throw Refused(fault);
        if (DerivedId().IsMatch(given) && given != Derive(contentHash))
        {
            throw Refused(
                $"'{given}' cannot be a list_id: ids of {DerivedDigits} hex digits are reserved for ids derived from a "
                    + "list's content, and this list's content gives another one. Choose another list_id, or leave it "
                    + "out.");
        }
        return given;
    }

    /// <summary>Whether characters and length of an id are allowed.</summary>
    public static bool IsValid(string id) => GivenName.HasForm(id);

    /// <summary>Creates the error for a list whose id another list uses.</summary>
    public static PipelineException Taken(string listId) =>
        PipelineException.Permanent(
            FailureReasons.InvalidConfiguration,
            $"Another list already has the list_id '{listId}'. Choose another list_id, or leave it out: then it is "
                + "derived from the content.");

    private static PipelineException Refused(string message) =>
        PipelineException.Permanent(FailureReasons.InvalidConfiguration, message);

    [GeneratedRegex(@"^[0-9A-Fa-f]{20}\z")]
    private static partial Regex DerivedId();
}

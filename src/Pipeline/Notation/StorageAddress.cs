using System.Text.RegularExpressions;

namespace Pipeline.Notation;

/// <summary>The address that Nimble delivers to.</summary>
internal static partial class StorageAddress
{
    /// <summary>
    /// Whether an address is one of a bucket at S3 or GCS, with a prefix or without. Quotes, and blanks at its ends, are
    /// refused: a store would take them for a part of the name, and nothing would be found under it.
    /// </summary>
    public static bool IsUsable(string url) => Form().IsMatch(url);

    [GeneratedRegex("""^(?i:s3|gs)://[A-Za-z0-9][A-Za-z0-9._-]*(/( |[^\s\p{C}"'<>\\?#])*)?(?<! )\z""")]
    private static partial Regex Form();
}

using System.Text.RegularExpressions;

namespace Pipeline.Notation;

/// <summary>Validates the address to which Nimble delivers.</summary>
internal static partial class StorageAddress
{
    /// <summary>
    /// Whether an address names a bucket in S3 or GCS, with or without a prefix. Refuses quotes, and blanks at the
    /// ends: a store would treat them as part of the name, and results would not be found.
    /// </summary>
    public static bool IsUsable(string url) => Form().IsMatch(url);

    [GeneratedRegex("""^(?i:s3|gs)://[A-Za-z0-9][A-Za-z0-9._-]*(/( |[^\s\p{C}"'<>\\?#])*)?(?<! )\z""")]
    private static partial Regex Form();
}

using System.Text.RegularExpressions;
using Pipeline.Notation;
using Pipeline.Options;

namespace Pipeline.Settings;

/// <summary>Reads the address of the API as users write it, which may end in the version.</summary>
internal static partial class ApiAddress
{
    /// <summary>
    /// Moves a version from the end of the address to its own setting; two different versions are a fault.
    /// </summary>
    public static void TakeVersion(PipelineOptions options, GivenSettings given)
    {
        var nimble = options.Nimble;
        if (VersionAtEnd().Match(nimble.BaseUrl.AbsoluteUri) is not { Success: true } match)
            return;
        var version = match.Groups["version"].Value;
        if (given.Find("Pipeline:Nimble:Version") is { } other && other.Text.Trim() != version)
        {
            options.Unreadable =
            [
                .. options.Unreadable,
                $"{options.NameOf("Nimble:BaseUrl")} ends in {version}, and {other.Source} is "
                    + $"{DisplayText.Quote(other.Text)}. "
                    + "Leave the version out of the address.",
            ];
            return;
        }

        nimble.Version = version;
        nimble.BaseUrl = new(match.Groups["root"].Value);
    }

    [GeneratedRegex("^(?<root>https?://[^/]+/(.*/)?)(?<version>v[0-9]+)/?$")]
    private static partial Regex VersionAtEnd();
}

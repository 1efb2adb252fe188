using System.Text.RegularExpressions;

namespace Pipeline.Urls;

/// <summary>The user name and password in a URL, which people must not see on a screen.</summary>
internal static partial class UrlCredentials
{
    /// <summary>Returns the URL with <c>***</c> in their place; text without them is returned unchanged.</summary>
    public static string Hide(string url) => UserInfo().Replace(url, "${scheme}***@");

    /// <summary>Hides the passwords of all URLs in a text, such as a sentence or JSON.</summary>
    public static string HideAll(string text) => UserInfos().Replace(text, "${scheme}***@");

    [GeneratedRegex(@"^(?<scheme>\s*[a-z][a-z0-9+.-]*:[/\\]*)[^/\\?#]*@", RegexOptions.IgnoreCase)]
    private static partial Regex UserInfo();

    [GeneratedRegex(
        @"(?<scheme>\b[a-z][a-z0-9+.-]{0,30}:[/\\]{2,4})[^/\\?#\s""'<>]*@", RegexOptions.IgnoreCase)]
    private static partial Regex UserInfos();
}

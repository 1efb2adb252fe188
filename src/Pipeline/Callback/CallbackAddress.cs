using System.Text.RegularExpressions;

namespace Pipeline.Callback;

/// <summary>What others say may repeat the callback's address, and with it the token that is its secret.</summary>
internal static partial class CallbackAddress
{
    /// <summary>The text with every callback token in it replaced, also where slashes are escaped.</summary>
    public static string WithoutToken(string text) => Token().Replace(text, "[token]");

    [GeneratedRegex(@"(?<=api(?:\\?/|%2F)callbacks(?:\\?/|%2F)[A-Za-z0-9_-]+(?:\\?/|%2F))[A-Za-z0-9_-]+", RegexOptions.IgnoreCase)]
    private static partial Regex Token();
}

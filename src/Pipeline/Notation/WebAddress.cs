namespace Pipeline.Notation;

/// <summary>The one way in which an address of a server is read from an option, a setting or a variable.</summary>
internal static class WebAddress
{
    /// <summary>Reads an http or https address; blanks around it do not count.</summary>
    /// <returns>Null for anything else, and for one with a user, a query or a fragment, or a character no URL has.</returns>
    public static Uri? Parse(string text)
    {
        text = text.Trim();
        return text.All(c => c is > ' ' and < '\u007f' and not ('"' or '\'' or '<' or '>' or '\\'))
            && Uri.TryCreate(text, UriKind.Absolute, out var address)
            && address is { Scheme: "http" or "https", Host.Length: > 0, UserInfo: "", Query: "", Fragment: "" }
                ? address
                : null;
    }
}

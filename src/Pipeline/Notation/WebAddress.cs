namespace Pipeline.Notation;

/// <summary>Parses the address of a server in an option, a setting or a variable.</summary>
internal static class WebAddress
{
    /// <summary>Parses an http or https address. Ignores blanks around it.</summary>
    /// <returns>
    /// The address; null for any other text, and for an address with a user, a query, a fragment or an invalid
    /// character.
    /// </returns>
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

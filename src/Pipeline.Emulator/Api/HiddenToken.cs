namespace Pipeline.Emulator.Api;

/// <summary>
/// Shows callback URLs without possible secrets: their user, their query, and a last segment that is long enough to be
/// a token.
/// </summary>
internal static class HiddenToken
{
    private const int MinTokenLength = 20;

    /// <summary>The path, with <c>[token]</c> in place of its token.</summary>
    public static string PathOf(string url)
    {
        var path = new Uri(url).AbsolutePath;
        var last = path.LastIndexOf('/') + 1;
        return path.Length - last < MinTokenLength ? path : path[..last] + "[token]";
    }

    /// <summary>The same with scheme, host and port.</summary>
    public static string AddressOf(string url) => new Uri(url).GetLeftPart(UriPartial.Scheme)
        + new Uri(url).Authority + PathOf(url);
}

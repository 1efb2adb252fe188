namespace Pipeline.Emulator.Pages;

/// <summary>A page as its server sent it.</summary>
/// <param name="FinalUrl">The URL after redirects.</param>
/// <param name="StatusCode">The HTTP status, which may be an error.</param>
/// <param name="ContentType">The Content-Type header; null when there was none.</param>
/// <param name="Body">The body after content decoding.</param>
internal sealed record FetchedPage(Uri FinalUrl, int StatusCode, string? ContentType, byte[] Body)
{
    /// <summary>The redirects that were followed, in order.</summary>
    public IReadOnlyList<Redirect> Redirects { get; init; } = [];
}

/// <summary>A redirect.</summary>
/// <param name="StatusCode">Its HTTP status.</param>
/// <param name="Url">The URL that answered with it.</param>
internal sealed record Redirect(int StatusCode, Uri Url);

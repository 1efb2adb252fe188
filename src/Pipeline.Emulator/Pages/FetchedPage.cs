namespace Pipeline.Emulator.Pages;

/// <summary>A page as the web gave it.</summary>
/// <param name="FinalUrl">The URL after redirects.</param>
/// <param name="StatusCode">The HTTP status, whatever it is.</param>
/// <param name="ContentType">The Content-Type header, null where there was none.</param>
/// <param name="Body">The body after content decoding.</param>
internal sealed record FetchedPage(Uri FinalUrl, int StatusCode, string? ContentType, byte[] Body);

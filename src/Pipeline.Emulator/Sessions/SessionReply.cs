namespace Pipeline.Emulator.Sessions;

/// <summary>Reads requests and sends answers in the form of recordings.</summary>
internal static class SessionReply
{
    /// <summary>Path and query, escaped.</summary>
    public static string PathOf(HttpRequest request) =>
        request.Path.ToUriComponent() + request.QueryString.ToUriComponent();

    /// <summary>The API key of a request; empty for none.</summary>
    public static string KeyOf(HttpRequest request)
    {
        const string scheme = "Bearer ";
        var header = request.Headers.Authorization.ToString();
        return header.StartsWith(scheme, StringComparison.OrdinalIgnoreCase) ? header[scheme.Length..].Trim() : "";
    }

    public static async Task SendAsync(HttpContext context, SessionLine line, byte[] body)
    {
        context.Response.StatusCode = line.Status ?? 200;
        foreach (var (name, value) in line.Headers ?? [])
            context.Response.Headers[name] = value;
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }
}

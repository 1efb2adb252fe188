using System.Text;

namespace Pipeline.Emulator.Faults;

/// <summary>
/// Bodies to send in place of a result: an unfinished answer, a proxy's error page, a store's error document.
/// </summary>
internal static class NoResult
{
    public static readonly IReadOnlyList<string> Forms = ["pending", "html", "xml"];

    /// <summary>The bytes of a form.</summary>
    public static byte[] Bytes(string form) => Encoding.UTF8.GetBytes(form switch
    {
        "pending" => """{"status":"pending"}""",
        "html" =>
            "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body>Injected: a "
                + "proxy's page.</body></html>",
        _ =>
            """<?xml version="1.0" encoding="UTF-8"?><Error><Code>SlowDown</Code>"""
                + """<Message>Injected: not the result.</Message></Error>""",
    });

    /// <summary>The content type of a form.</summary>
    public static string ContentType(string form) =>
        form switch { "pending" => "application/json", "html" => "text/html", _ => "application/xml" };
}

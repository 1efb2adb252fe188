using System.Globalization;

namespace Pipeline.Emulator.Overview;

/// <summary>Formats texts of the page.</summary>
internal static class Show
{
    public static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    public static string Time(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) + " UTC";

    /// <summary>An untrusted text, shortened and without characters that control a terminal or a browser.</summary>
    public static string Foreign(string? text, int max = 160)
    {
        var clean = CleanText.Clean((text ?? "").AsSpan(0, Math.Min(text?.Length ?? 0, max)));
        return text?.Length > max ? clean + "…" : clean;
    }

    /// <summary>The URL of an input.</summary>
    public static string UrlOf(string input)
    {
        using var json = System.Text.Json.JsonDocument.Parse(input);
        return Foreign(json.RootElement.GetProperty("url").GetString());
    }

    /// <summary>Address at which the page shows an object.</summary>
    public static string LinkTo(string bucket, string key) =>
        $"/_admin/page/object?bucket={Uri.EscapeDataString(bucket)}&key={Uri.EscapeDataString(key)}";

    /// <summary>The class that colours a state.</summary>
    public static string ClassOf(string state) => state switch
    {
        "success" or "completed" => "state recorded",
        "error" or "failed" => "state failed",
        _ => "state",
    };

    /// <summary>The status of an answer in words.</summary>
    public static string Status(int status) =>
        status == 0 ? "connection cut" : status.ToString(CultureInfo.InvariantCulture);

    public static string Bytes(long bytes) => bytes switch
    {
        < 10_000 => $"{Number(bytes)} B",
        < 10_000_000 => $"{Number(bytes / 1000)} kB",
        _ => $"{Number(bytes / 1_000_000)} MB",
    };
}

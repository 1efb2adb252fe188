using System.Globalization;
using System.Text.Json;

namespace Pipeline;

/// <summary>
/// A time as records, failures, manifests and reports have it: UTC, with milliseconds, <c>2026-03-19T10:00:04.000Z</c>. That is what
/// DuckDB, pandas and Spark read as a timestamp; of seven digits some of them make text.
/// </summary>
internal static class UtcTime
{
    private const string Format = "yyyy-MM-ddTHH:mm:ss.fffZ";
    private const int Bytes = 24;

    /// <summary>Writes a member.</summary>
    public static void WriteMember(Utf8JsonWriter writer, string name, DateTimeOffset time)
    {
        writer.WritePropertyName(name);
        WriteValue(writer, time);
    }

    /// <summary>Writes a value.</summary>
    public static void WriteValue(Utf8JsonWriter writer, DateTimeOffset time)
    {
        Span<byte> text = stackalloc byte[Bytes];
        time.UtcDateTime.TryFormat(text, out var written, Format, CultureInfo.InvariantCulture);
        writer.WriteStringValue(text[..written]);
    }
}

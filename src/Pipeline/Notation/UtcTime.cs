using System.Globalization;
using System.Text.Json;

namespace Pipeline.Notation;

/// <summary>
/// Writes times in the format of records, failures, manifests and reports: UTC with milliseconds, such as
/// <c>2026-03-19T10:00:04.000Z</c>. DuckDB, pandas and Spark read this as a timestamp; some of them read .NET's seven
/// fractional digits as text.
/// </summary>
internal static class UtcTime
{
    private const string Format = "yyyy-MM-ddTHH:mm:ss.fffZ";
    private const int Bytes = 24;

    /// <summary>Writes a member whose value is a time.</summary>
    public static void WriteMember(Utf8JsonWriter writer, string name, DateTimeOffset time)
    {
        writer.WritePropertyName(name);
        WriteValue(writer, time);
    }

    /// <summary>Writes a time as a value.</summary>
    public static void WriteValue(Utf8JsonWriter writer, DateTimeOffset time)
    {
        Span<byte> text = stackalloc byte[Bytes];
        time.UtcDateTime.TryFormat(text, out var written, Format, CultureInfo.InvariantCulture);
        writer.WriteStringValue(text[..written]);
    }
}

using System.Text;
using System.Text.Json;

namespace Pipeline.Intake.Reading;

/// <summary>One item of a list. Valid until the next one is read.</summary>
/// <param name="Line">Its line number, or its item number in a JSON array, from 1.</param>
/// <param name="Url">Its own URL, trimmed; null if it has none (shared_inputs may have one).</param>
/// <param name="Fields">The input object; undefined if the item is only a URL.</param>
/// <param name="Error">What is wrong with it; null for a valid item.</param>
/// <param name="Text">The item's text in the list, cut to 1 KiB; empty for a valid item with a URL.</param>
internal readonly record struct ListItem(long Line, string? Url, JsonElement Fields, string? Error, string Text)
{
    private const int MaxTextBytes = 1024;

    /// <summary>
    /// Names of the <see cref="Fields"/> that stay with the input and are not sent: CSV columns that are not extraction
    /// fields. Null if there are none.
    /// </summary>
    public IReadOnlySet<string>? Kept { get; init; }

    /// <summary>
    /// Returns what makes the item a bad line, given the list's shared_inputs; null for a valid item.
    /// </summary>
    public string? ErrorWith(SharedInputs shared) =>
        Error ?? (Url is null && shared.Url is null ? "it has no 'url', and neither does shared_inputs" : null);

    /// <summary>Creates a bad line.</summary>
    public static ListItem Bad(long line, ReadOnlySpan<byte> raw, string error) =>
        new(line, null, default, error, TextOf(raw));

    /// <summary>Returns the text of an item for messages, at most 1 KiB.</summary>
    public static string TextOf(ReadOnlySpan<byte> raw) =>
        Encoding.UTF8.GetString(raw[..Math.Min(raw.Length, MaxTextBytes)]);
}

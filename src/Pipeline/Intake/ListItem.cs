using System.Text;
using System.Text.Json;

namespace Pipeline.Intake;

/// <summary>One item of a list as read. Valid until the next one is read.</summary>
/// <param name="Line">Where it stands: the line, or in a JSON array the item, from 1.</param>
/// <param name="Url">Its own URL, trimmed; null when it has none (shared_inputs may).</param>
/// <param name="Fields">The input object; undefined when the item is nothing but its URL.</param>
/// <param name="Error">What is wrong with it; null for a good item.</param>
/// <param name="Text">The item as it stood in the list, cut to 1 KiB; empty for a good item with a URL.</param>
internal readonly record struct ListItem(long Line, string? Url, JsonElement Fields, string? Error, string Text)
{
    private const int MaxTextBytes = 1024;

    /// <summary>
    /// Those of <see cref="Fields"/> that stay with the input and are not sent: columns that are no extraction fields.
    /// Null for none.
    /// </summary>
    public IReadOnlySet<string>? Kept { get; init; }

    /// <summary>What makes it a bad line, given whether shared_inputs have a URL; null for a good one.</summary>
    public string? ErrorWith(SharedInputs shared) =>
        Error ?? (Url is null && shared.Url is null ? "it has no 'url', and shared_inputs have none either" : null);

    /// <summary>A bad line.</summary>
    public static ListItem Bad(long line, ReadOnlySpan<byte> raw, string error) =>
        new(line, null, default, error, TextOf(raw));

    /// <summary>The text of an item for messages.</summary>
    public static string TextOf(ReadOnlySpan<byte> raw) =>
        Encoding.UTF8.GetString(raw[..Math.Min(raw.Length, MaxTextBytes)]);
}

using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Pipeline.Model;
using Pipeline.Ports.Reading;

namespace Pipeline.Dashboard.Api.Rows;

/// <summary>
/// Where a page of lists begins: after an open list, or after a closed one. Callers get it as one opaque word; a forged
/// one begins somewhere else, and shows nothing that another would not.
/// </summary>
/// <param name="Open">The last open list of the page before; null when all open lists were shown.</param>
/// <param name="Closed">The last closed list of the page before.</param>
internal sealed record ApiCursor(string? Open, ClosedPlace? Closed)
{
    /// <summary>What to say about a cursor that no page gave.</summary>
    public const string Unreadable = "The cursor is not valid. Take that of the page before.";

    private const int MaxLength = 200;

    /// <summary>The first page.</summary>
    public static ApiCursor First { get; } = new("", null);

    /// <summary>The cursor as one word.</summary>
    public override string ToString() => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(
        Open is not null
            ? $"o {Open}"
            : string.Create(CultureInfo.InvariantCulture, $"c {Closed?.ClosedAt.UtcTicks ?? 0} {Closed?.ListId}")));

    /// <summary>Reads a cursor; null if it is none.</summary>
    public static ApiCursor? Read(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return First;
        if (text.Length > MaxLength || !Base64Url.IsValid(text))
            return null;
        return Encoding.UTF8.GetString(Base64Url.DecodeFromChars(text)).Split(' ') switch
        {
            ["o", var id] when SubmissionIds.IsWellFormed(id) => new(id, null),
            ["c", "0", ""] => new(null, null),
            ["c", var ticks, var id] when SubmissionIds.IsWellFormed(id)
                && long.TryParse(ticks, NumberStyles.None, CultureInfo.InvariantCulture, out var at)
                && at <= DateTimeOffset.MaxValue.Ticks => new(null, new(new(at, TimeSpan.Zero), id)),
            _ => null,
        };
    }
}

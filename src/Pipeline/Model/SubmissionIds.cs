using System.Buffers;

namespace Pipeline.Model;

/// <summary>
/// Names of submissions: <c>{list_id}-{sequence:D6}</c> as planned, and with <c>-r{n}</c> behind it for the n-th that posts some of its inputs again.
/// All of them have places of their own in the list, so that they can be made without asking who else makes one.
/// </summary>
internal static class SubmissionIds
{
    /// <summary>A list is cut into fewer submissions than this; from here on, sequences are those of repeated ones.</summary>
    public const int MaxPlanned = 1_000_000;

    private const int MaxLength = 128;

    private static readonly SearchValues<char> s_allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

    /// <summary>Whether a text can be such an id: keys of the ledger and paths are made of it.</summary>
    public static bool IsWellFormed(string? id) =>
        id is { Length: > 0 and <= MaxLength } && !id.AsSpan().ContainsAnyExcept(s_allowed);

    /// <summary>The id of a list's submission.</summary>
    public static string Of(string listId, int sequence)
    {
        var (repeat, planned) = Math.DivRem(sequence, MaxPlanned);
        return repeat == 0 ? $"{listId}-{planned:D6}" : $"{listId}-{planned:D6}-r{repeat}";
    }

    /// <summary>The list of a submission.</summary>
    public static string ListOf(string submissionId)
    {
        var repeat = submissionId.LastIndexOf("-r", StringComparison.Ordinal);
        var planned = repeat > 0 && submissionId.AsSpan(repeat + 2) is [_, ..] number && !number.ContainsAnyExceptInRange('0', '9')
            ? submissionId[..repeat]
            : submissionId;
        var place = planned.LastIndexOf('-');
        return place > 0 ? planned[..place] : planned;
    }

    /// <summary>The sequence of the next submission that could post inputs of this one again.</summary>
    public static int Next(int sequence) => checked(sequence + MaxPlanned);
}

namespace Pipeline.Ledger;

/// <summary>
/// Names of submissions: <c>{list_id}-{sequence:D6}</c> as planned, and with <c>-r{n}</c> behind it for the n-th that posts some of its inputs again.
/// All of them have places of their own in the list, so that they can be made without asking who else makes one.
/// </summary>
internal static class SubmissionIds
{
    /// <summary>A list is cut into fewer submissions than this; from here on, sequences are those of repeated ones.</summary>
    public const int MaxPlanned = 1_000_000;

    /// <summary>The id of a list's submission.</summary>
    public static string Of(string listId, int sequence)
    {
        var (repeat, planned) = Math.DivRem(sequence, MaxPlanned);
        return repeat == 0 ? $"{listId}-{planned:D6}" : $"{listId}-{planned:D6}-r{repeat}";
    }

    /// <summary>The sequence of the next submission that could post inputs of this one again.</summary>
    public static int Next(int sequence) => checked(sequence + MaxPlanned);
}

using System.Buffers;
using System.Globalization;
using Pipeline.Diagnostics;

namespace Pipeline.Model;

/// <summary>
/// Ids of submissions: <c>{list_id}-{sequence:D6}</c> for planned ones, with the suffix <c>-r{n}</c> for the n-th
/// submission that posts some of their inputs again. Every id has its own sequence, so that ids can be made without
/// coordination.
/// </summary>
internal static class SubmissionIds
{
    /// <summary>Planned submissions have lower sequences; repeated ones start here.</summary>
    public const int MaxPlanned = 1_000_000;

    private const int MaxLength = 128;

    // A sequence is an int.
    private const int MostRepeats = (int.MaxValue / MaxPlanned) - 1;

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

    /// <summary>Whether a text is safe as a submission id; ledger keys and paths contain it.</summary>
    public static bool IsWellFormed(string? id) =>
        id is { Length: > 0 and <= MaxLength } && !id.AsSpan().ContainsAnyExcept(Allowed);

    /// <summary>The id of the submission of a list with this sequence.</summary>
    public static string Of(string listId, int sequence)
    {
        var (repeat, planned) = Math.DivRem(sequence, MaxPlanned);
        return repeat == 0 ? $"{listId}-{planned:D6}" : $"{listId}-{planned:D6}-r{repeat}";
    }

    /// <summary>The list of a submission.</summary>
    public static string ListOf(string submissionId)
    {
        var repeat = submissionId.LastIndexOf("-r", StringComparison.Ordinal);
        var planned = repeat > 0 && submissionId.AsSpan(repeat + 2) is [_, ..] number
            && !number.ContainsAnyExceptInRange('0', '9')
            ? submissionId[..repeat]
            : submissionId;
        var place = planned.LastIndexOf('-');
        return place > 0 ? planned[..place] : planned;
    }

    /// <summary>Whether a submission posts inputs of a planned one again.</summary>
    /// <param name="submissionId">Its id, well-formed.</param>
    public static bool IsRepeat(string submissionId) =>
        submissionId.Length > ListOf(submissionId).Length + "-000000".Length;

    /// <summary>The planned submission that a submission is, or whose inputs it posts again.</summary>
    public static string PlannedOf(SubmissionEntry submission) =>
        Of(submission.ListId, submission.Sequence % MaxPlanned);

    /// <summary>The sequence of a later submission that posts inputs of the same planned one again.</summary>
    /// <param name="submission">The planned submission, or one that posts its inputs again.</param>
    /// <param name="otherId">Any id.</param>
    /// <returns>Null if the id is no such submission's.</returns>
    public static int? SequenceAfter(SubmissionEntry submission, string otherId)
    {
        var stem = $"{PlannedOf(submission)}-r";
        return otherId.StartsWith(stem, StringComparison.Ordinal)
            && int.TryParse(otherId.AsSpan(stem.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var other)
            && other > submission.Sequence / MaxPlanned && other <= MostRepeats
            ? (submission.Sequence % MaxPlanned) + (other * MaxPlanned)
            : null;
    }

    /// <summary>The place of a submission in its list's trace.</summary>
    /// <param name="submissionId">Its id, well-formed.</param>
    public static TracedWork Traced(string submissionId)
    {
        var listId = ListOf(submissionId);
        var planned = submissionId.AsSpan(Math.Min(listId.Length + 1, submissionId.Length));
        var isNumber = int.TryParse(
            planned[..Math.Min(6, planned.Length)], NumberStyles.None, CultureInfo.InvariantCulture, out var sequence);
        return new(listId, submissionId, isNumber ? sequence : 0);
    }

    /// <summary>The place of a submission in its list's trace.</summary>
    /// <param name="submission">The submission.</param>
    /// <param name="sender">The trace context of the message about it.</param>
    public static TracedWork Traced(this SubmissionEntry submission, string? sender = null) => new(
        submission.ListId, submission.SubmissionId, submission.Sequence % MaxPlanned, sender);

    /// <summary>The sequence of the next submission that may post inputs of this one again.</summary>
    public static int Next(int sequence) => checked(sequence + MaxPlanned);
}

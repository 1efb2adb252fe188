using System.Globalization;
using System.Runtime.CompilerServices;
using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Reports;

/// <summary>Selects the inputs of a list to show.</summary>
/// <param name="State">Their state.</param>
/// <param name="Reason">The reason of their failures; null for all.</param>
/// <param name="Domain">The host of their URLs; null for all.</param>
internal sealed record RowFilter(InputState State, string? Reason = null, string? Domain = null)
{
    /// <summary>Whether the filter selects an input.</summary>
    public bool Takes(InputEntry input) =>
        input.State == State
        && (Reason is null || Reason == (input.Reason ?? FailureReasons.Internal))
        && (Domain is null || Domain == OutcomeSampler.DomainOf(input.Url));

    /// <summary>
    /// Whether a submission may have such inputs. There are many inputs, and Azure bills every row read.
    /// </summary>
    public bool MayBeIn(SubmissionEntry submission) => State switch
    {
        InputState.Failed => submission is not { State: SubmissionState.Closed, Failures: 0 },
        InputState.Recorded => submission is not { State: SubmissionState.Closed, Records: 0 },
        InputState.Waiting => submission.State != SubmissionState.Closed,
        _ => true,
    };
}

/// <summary>A page of inputs.</summary>
/// <param name="Inputs">The inputs, by submission and position.</param>
/// <param name="Next">Start of the next page; null if there is none.</param>
internal sealed record InputPage(IReadOnlyList<InputEntry> Inputs, string? Next);

/// <summary>Pages through the inputs of a list.</summary>
internal sealed class InputPages(ILedger ledger)
{
    /// <summary>Maximum number of submissions whose inputs are read for one page.</summary>
    public const int MaxSubmissions = 20;

    /// <summary>Whether a page may begin there: null, empty, or the form of <see cref="InputPage.Next"/>.</summary>
    public static bool IsPlace(string? after) => string.IsNullOrEmpty(after) || ReadPlace(after) is not null;

    /// <summary>Reads a page.</summary>
    /// <param name="listId">The list.</param>
    /// <param name="filter">Which inputs.</param>
    /// <param name="after">
    /// <see cref="InputPage.Next"/> of the page before; null or anything unreadable for the first.
    /// </param>
    /// <param name="max">Maximum number of inputs.</param>
    /// <param name="cancellationToken">Stops the read.</param>
    public async Task<InputPage> ReadAsync(
        string listId, RowFilter filter, string? after, int max, CancellationToken cancellationToken)
    {
        var (sequence, ordinal) = ReadPlace(after) ?? (0, -1);
        var (found, read) = (new List<InputEntry>(), 0);
        await foreach (var submission in ledger.GetSubmissionsAsync(listId, sequence, cancellationToken))
        {
            if (!filter.MayBeIn(submission))
                continue;
            if (read++ == MaxSubmissions)
                return new(found, Place(submission.Sequence, -1));
            foreach (var input in await ledger.GetInputsAsync(submission.SubmissionId, cancellationToken))
            {
                if ((submission.Sequence == sequence && input.Ordinal <= ordinal) || !filter.Takes(input))
                    continue;
                if (found.Count == max)
                    return new(found, Place(submission.Sequence, input.Ordinal - 1));
                found.Add(input);
            }
        }

        return new(found, null);
    }

    /// <summary>Reads all inputs, page by page.</summary>
    public async IAsyncEnumerable<InputEntry> ReadAllAsync(
        string listId, RowFilter filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? next = null;
        do
        {
            var page = await ReadAsync(listId, filter, next, int.MaxValue, cancellationToken);
            foreach (var input in page.Inputs)
                yield return input;
            next = page.Next;
        }
        while (next is not null);
    }

    private static string Place(int sequence, int ordinal) =>
        string.Create(CultureInfo.InvariantCulture, $"{sequence}.{ordinal}");

    private static (int Sequence, int Ordinal)? ReadPlace(string? after) =>
        after?.Split('.') is [var sequence, var ordinal]
            && int.TryParse(sequence, NumberStyles.None, CultureInfo.InvariantCulture, out var first)
            && int.TryParse(ordinal, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var second)
            ? (first, second)
            : null;
}

using Pipeline.Intake.Reading;
using Pipeline.Model.Series;

namespace Pipeline.Intake;

/// <summary>A line that is not a valid input.</summary>
/// <param name="Line">Its line number, or its item number in a JSON array, from 1.</param>
/// <param name="Text">Its text, at most 1 KiB.</param>
/// <param name="Problem">What is wrong with it.</param>
internal sealed record BadLine(long Line, string Text, string Problem);

/// <summary>The result of inspecting a list, which reads it once without storing it.</summary>
internal sealed record ListInspection
{
    /// <summary>The format.</summary>
    public required ListFormat Form { get; init; }

    /// <summary>The list's id: the given one, otherwise 20 hex digits of the content's hash.</summary>
    public required string ListId { get; init; }

    /// <summary>Whether the id was given. A given id does not prove that two lists have the same content.</summary>
    public bool IsIdGiven => ListId != ListIds.Derive(ContentHash);

    /// <summary>Number of items, including duplicates and bad lines.</summary>
    public long Inputs => Valid + Invalid;

    /// <summary>Number of valid items, including duplicates. Never zero.</summary>
    public required long Valid { get; init; }

    /// <summary>Number of bad lines.</summary>
    public required long Invalid { get; init; }

    /// <summary>The first ten bad lines.</summary>
    public required IReadOnlyList<BadLine> FirstBad { get; init; }

    /// <summary>The extraction defaults.</summary>
    public required SharedInputs Shared { get; init; }

    /// <summary>The display name in the list's own <c>name</c> field.</summary>
    public string? Name { get; init; }

    /// <summary>The series that the list is a run of; null if there is none.</summary>
    public SeriesRequest? Series { get; init; }

    /// <summary>SHA-256 of the content alone.</summary>
    public required byte[] BytesHash { get; init; }

    /// <summary>
    /// Hash of the content, the shared inputs from outside and the URL column. Two lists with the same hash are the
    /// same list. 64 hex digits.
    /// </summary>
    public required string ContentHash { get; init; }

    /// <summary>Warnings for people, in complete sentences.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>"line" or "item": what positions count in this format.</summary>
    public string Unit => UnitOf(Form);

    /// <summary>"line" or "item": what positions count in a format.</summary>
    public static string UnitOf(ListFormat form) =>
        form is ListFormat.JsonArray or ListFormat.Batch or ListFormat.SingleInput ? "item" : "line";
}

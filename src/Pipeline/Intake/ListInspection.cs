namespace Pipeline.Intake;

/// <summary>A line that is no input.</summary>
/// <param name="Line">Where it stands: the line, or in a JSON array the item, from 1.</param>
/// <param name="Text">As it stood there, at most 1 KiB.</param>
/// <param name="Problem">What is wrong with it.</param>
internal sealed record BadLine(long Line, string Text, string Problem);

/// <summary>What a list is, found by reading it once without keeping it.</summary>
internal sealed record ListInspection
{
    /// <summary>Its form.</summary>
    public required ListForm Form { get; init; }

    /// <summary>Its id: the one given, or else 20 hex digits of the content's hash.</summary>
    public required string ListId { get; init; }

    /// <summary>Whether somebody chose the id: then it does not vouch for the content.</summary>
    public bool IsIdGiven => ListId != ListIds.Derive(ContentHash);

    /// <summary>Its items, duplicates counted too.</summary>
    public long Inputs => Valid + Invalid;

    /// <summary>Good items, duplicates counted too. Never zero.</summary>
    public required long Valid { get; init; }

    /// <summary>Bad lines.</summary>
    public required long Invalid { get; init; }

    /// <summary>The first ten bad lines.</summary>
    public required IReadOnlyList<BadLine> FirstBad { get; init; }

    /// <summary>The extraction defaults.</summary>
    public required SharedInputs Shared { get; init; }

    /// <summary>The name the list gives itself, for people.</summary>
    public string? Name { get; init; }

    /// <summary>SHA-256 of the content alone.</summary>
    public required byte[] BytesHash { get; init; }

    /// <summary>
    /// The hash of the content and of what the list was given from outside: what may be called the same list. 64 hex
    /// digits.
    /// </summary>
    public required string ContentHash { get; init; }

    /// <summary>What people should know, in whole sentences.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>"line" or "item": what numbers count in this form.</summary>
    public string Unit => UnitOf(Form);

    /// <summary>"line" or "item": what numbers count in a form.</summary>
    public static string UnitOf(ListForm form) =>
        form is ListForm.JsonArray or ListForm.Batch or ListForm.SingleInput ? "item" : "line";
}

using Azure.Data.Tables;
using Pipeline.Model;

namespace Pipeline.Stores.Azure.Ledger;

/// <summary>
/// Stores long texts in table rows. A property holds at most 32 Ki UTF-16 units; a longer text continues in
/// <c>{name}_2</c>, <c>{name}_3</c> and so on.
/// </summary>
internal static class LedgerText
{
    // A row has at most 1 MiB. Names, numbers and the service's own columns need little of it.
    private const int MaxRowChars = 480 * 1024;
    private const int MaxPropertyChars = 32 * 1024;

    public static void Put(TableEntity row, string name, string? text)
    {
        if (text is null)
            return;
        var part = 1;
        for (var at = 0; at == 0 || at < text.Length; part++)
        {
            var length = Math.Min(MaxPropertyChars, text.Length - at);
            if (at + length < text.Length && char.IsHighSurrogate(text[at + length - 1]))
                length--;
            row[PartName(name, part)] = text.Substring(at, length);
            at += Math.Max(length, 1);
        }
    }

    public static string? Get(TableEntity row, string name)
    {
        if (row.GetString(name) is not { } text)
            return null;
        for (var part = 2; row.GetString(PartName(name, part)) is { } more; part++)
            text += more;
        return text;
    }

    /// <summary>Returns the number of characters in all texts of a row.</summary>
    /// <exception cref="PipelineException">Permanent: more than a row can hold.</exception>
    public static int CheckedLength(TableEntity row)
    {
        var chars = row.Sum(property => (property.Value as string)?.Length ?? 0);
        return chars <= MaxRowChars
            ? chars
            : throw PipelineException.Permanent(
                FailureReasons.LimitExceeded,
                $"Row '{row.RowKey}' of '{row.PartitionKey}' has {chars} characters; a row in "
                    + "Azure Table Storage holds at "
                + $"most {MaxRowChars}. Lower Intake:MaxItemBytes.");
    }

    private static string PartName(string name, int part) => part == 1 ? name : $"{name}_{part}";
}

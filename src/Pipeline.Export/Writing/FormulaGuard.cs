namespace Pipeline.Export.Writing;

/// <summary>
/// Keeps spreadsheets from taking a text for a formula: such a text gets an apostrophe in front, as OWASP advises.
/// Pages decide what is in a record, and a formula may fetch an address or start a program.
/// </summary>
internal static class FormulaGuard
{
    // The full-width forms count too: some spreadsheets treat them as the plain ones.
    private const string Starts = "=+-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20";

    /// <summary>Whether a spreadsheet may take the text for a formula.</summary>
    public static bool IsRisky(ReadOnlySpan<char> text) => text.Length > 0 && Starts.Contains(text[0]);
}

namespace Pipeline.Export.Writing;

/// <summary>
/// Keeps spreadsheets from taking a text for a formula, by an apostrophe before it, as OWASP advises. Pages decide what
/// is in a record, and a formula may fetch an address or start a program.
/// </summary>
internal static class FormulaGuard
{
    // Includes the full-width forms, because some spreadsheets treat them like the plain ones.
    private const string Starts = "=+-@\uFF1D\uFF0B\uFF0D\uFF20";

    // White space for JavaScript, though not for .NET.
    private const char ByteOrderMark = '\uFEFF';

    /// <summary>
    /// Whether a spreadsheet may take the text for a formula. Some programs drop the white space before it.
    /// </summary>
    public static bool IsRisky(ReadOnlySpan<char> text)
    {
        if (text is ['\t' or '\r' or '\n', ..])
            return true;
        foreach (var character in text)
            if (!char.IsWhiteSpace(character) && character != ByteOrderMark)
                return Starts.Contains(character);
        return false;
    }
}

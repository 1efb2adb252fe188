using System.Text;
using System.Text.RegularExpressions;

namespace Pipeline.Emulator.Pages;

/// <summary>Builds Markdown: finished blocks, and the paragraph that is being written.</summary>
/// <param name="inline">
/// True inside a link, emphasis, heading or table cell. Blocks are then flattened, with spaces between them.
/// </param>
internal sealed partial class MarkdownFlow(bool inline)
{
    private readonly StringBuilder _line = new();
    private readonly List<(string Text, bool IsList, bool IsParagraph)> _blocks = [];

    /// <summary>Whether blocks are flattened.</summary>
    public bool IsInline => inline;

    /// <summary>Adds text; collapses its white space and escapes its punctuation.</summary>
    public void AddText(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] is ' ' or '\t' or '\n' or '\r' or '\f')
            {
                AddSpace();
                continue;
            }

            if (MustEscape(text, i))
                _line.Append('\\');
            _line.Append(text[i]);
        }
    }

    /// <summary>
    /// Adds finished Markdown between <paramref name="open"/> and <paramref name="close"/>. White space at its ends
    /// moves outside of them, because Markdown does not allow it inside.
    /// </summary>
    public void AddWrapped(string markdown, string open, string close)
    {
        var trimmed = markdown.Trim(' ', '\n');
        if (trimmed.Length == 0)
        {
            if (markdown.Length > 0)
                AddSpace();
            return;
        }

        if (markdown[0] is ' ' or '\n')
            AddSpace();
        _line.Append(open).Append(trimmed).Append(close);
        if (markdown[^1] is ' ' or '\n')
            AddSpace();
    }

    /// <summary>Adds a line break inside a paragraph.</summary>
    public void AddLineBreak()
    {
        TrimLine();
        if (_line.Length > 0)
            _line.Append("  \n");
    }

    /// <summary>Adds a space unless the line ends with white space.</summary>
    public void AddSpace()
    {
        if (_line.Length == 0 ? inline : _line[^1] is not (' ' or '\n'))
            _line.Append(' ');
    }

    /// <summary>Ends the paragraph.</summary>
    public void EndParagraph()
    {
        if (inline)
        {
            AddSpace();
            return;
        }

        var text = _line.ToString().Trim(' ', '\n');
        _line.Clear();
        if (text.Length > 0)
            _blocks.Add((LineStart().Replace(text, "$1\\$2"), false, true));
    }

    /// <summary>Adds a finished block.</summary>
    public void AddBlock(string markdown, bool isList = false)
    {
        EndParagraph();
        if (inline)
            AddWrapped(markdown, " ", " ");
        else if (markdown.Length > 0)
            _blocks.Add((markdown, isList, false));
    }

    /// <summary>Ends the paragraph and returns all Markdown.</summary>
    /// <param name="tight">Whether a list follows a paragraph without a blank line, as in a list item.</param>
    public string Finish(bool tight = false)
    {
        if (inline)
            return _line.ToString();
        EndParagraph();
        var text = new StringBuilder();
        for (var i = 0; i < _blocks.Count; i++)
        {
            if (i > 0)
            {
                var (_, wasList, wasParagraph) = _blocks[i - 1];
                text.Append(tight && wasParagraph && _blocks[i].IsList ? "\n" : "\n\n");

                // Without a comment between them, two lists in a row would be one list.
                if (wasList && _blocks[i].IsList)
                    text.Append("<!-- -->\n\n");
            }

            text.Append(_blocks[i].Text);
        }

        return text.ToString();
    }

    private void TrimLine()
    {
        while (_line.Length > 0 && _line[^1] == ' ')
            _line.Length--;
    }

    private static bool MustEscape(string text, int i)
    {
        var next = i + 1 < text.Length ? text[i + 1] : ' ';
        var before = i > 0 ? text[i - 1] : ' ';
        return text[i] switch
        {
            '\\' or '`' or '*' or '[' or ']' => true,
            '_' => !char.IsLetterOrDigit(before) || !char.IsLetterOrDigit(next),
            '~' => next == '~' || before == '~',
            '<' => char.IsAsciiLetter(next) || next is '/' or '!' or '?',
            '&' => Entity().IsMatch(text, i),
            _ => false,
        };
    }

    // The starts of lines that Markdown would not read as text: headings, quotes, lists, rules.
    [GeneratedRegex(
        @"^([0-9]{1,9}(?=[.)])|)([.)](?=\s|$)|#{1,6}(?=\s|$)|>|[-+](?=\s|$)|-{2,} *$|=+ *$)", RegexOptions.Multiline)]
    private static partial Regex LineStart();

    [GeneratedRegex(@"\G&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")]
    private static partial Regex Entity();
}

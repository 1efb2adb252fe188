using System.Text;
using AngleSharp.Dom;

namespace Pipeline.Emulator.Pages;

/// <summary>
/// Extracts the visible text, with blank lines around paragraphs and tabs between the cells of a row.
/// </summary>
internal sealed class PageText
{
    private readonly StringBuilder _text = new();
    private int _breaks;
    private bool _space;
    private bool _tab;

    /// <summary>The visible text below a node.</summary>
    public static string Of(INode root)
    {
        var text = new PageText();
        var node = root.FirstChild;
        while (node is not null)
        {
            var isVisible = node is not IElement element || !HtmlNodes.IsHidden(element);
            if (isVisible)
                text.Enter(node);
            if (isVisible && node.FirstChild is { } child)
            {
                node = child;
                continue;
            }

            if (isVisible)
                text.Leave(node);
            while (node is not null && node.NextSibling is null)
            {
                node = node.Parent == root ? null : node.Parent;
                if (node is not null)
                    text.Leave(node);
            }

            node = node?.NextSibling;
        }

        return text._text.ToString().TrimEnd('\n');
    }

    /// <summary>The visible text below a node, on one line.</summary>
    public static string Line(INode root) => Collapse(Of(root));

    /// <summary>All text below a node with its white space kept, as in <c>pre</c>.</summary>
    public static string Raw(INode root)
    {
        var text = new StringBuilder();
        for (var node = root.FirstChild; node is not null; node = HtmlNodes.Following(node, root, descend: true))
        {
            if (node is IText part)
                text.Append(part.Data);
            else if (node is IElement { LocalName: "br" })
                text.Append('\n');
        }

        return text.ToString();
    }

    /// <summary>Replaces each run of white space with one space, and trims.</summary>
    public static string Collapse(string text) =>
        string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private void Enter(INode node)
    {
        if (node is IText text)
            Append(text.Data, IsPreformatted(text));
        else if (node is IElement { LocalName: "br" })
            _breaks = Math.Min(_breaks + 1, 2);
        else if (node is IElement element && HtmlNodes.IsBlock(element))
            Break(element);
    }

    private void Leave(INode node)
    {
        if (node is not IElement element || !HtmlNodes.IsBlock(element))
            return;
        if (element.LocalName is "td" or "th" && element.NextElementSibling is not null)
            _tab = true;
        else
            Break(element);
    }

    private void Break(IElement element)
    {
        var lines = element.LocalName switch
        {
            "p" or "pre" or "blockquote" or "ul" or "ol" or "dl" or "table" or "figure" or "hr" => 2,
            "td" or "th" => 0,
            _ => HtmlNodes.HeadingLevel(element) > 0 ? 2 : 1,
        };
        if (lines == 2 && element.Parent is IElement { LocalName: "li" })
            lines = 1;
        _breaks = Math.Max(_breaks, lines);
    }

    private void Append(string data, bool preformatted)
    {
        foreach (var c in data)
        {
            if (c is ' ' or '\t' or '\n' or '\r' or '\f' && !preformatted)
            {
                _space = true;
                continue;
            }

            Separate();
            _text.Append(c);
        }
    }

    private void Separate()
    {
        if (_text.Length > 0)
        {
            if (_breaks > 0)
                _text.Append('\n', Math.Max(0, _breaks - TrailingBreaks()));
            else if (_tab)
                _text.Append('\t');
            else if (_space && _text[^1] is not ('\n' or '\t'))
                _text.Append(' ');
        }

        (_breaks, _space, _tab) = (0, false, false);
    }

    private int TrailingBreaks()
    {
        var count = 0;
        while (count < _text.Length && _text[^(count + 1)] == '\n')
            count++;
        return count;
    }

    private static bool IsPreformatted(IText text)
    {
        var depth = 0;
        for (var element = text.ParentElement; element is not null && depth++ < 4; element = element.ParentElement)
        {
            if (element.LocalName is "pre" or "textarea")
                return true;
        }

        return false;
    }
}

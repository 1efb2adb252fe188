using System.Globalization;
using System.Text;
using AngleSharp.Dom;

namespace Pipeline.Emulator.Pages;

/// <summary>Converts the visible part of a page to GitHub-flavoured Markdown with absolute links.</summary>
internal sealed class MarkdownWriter(Uri baseUrl)
{
    // The HTML parser stops nesting at about 500. A page nested deeper than this is broken markup, so only its text is
    // kept.
    private const int MaxDepth = 200;

    // Pages that load images lazily keep the actual source in one of the data attributes.
    private static readonly string[] ImageSources = ["src", "data-src", "data-lazy-src"];

    /// <summary>Converts everything below a node.</summary>
    public string Convert(INode root) => Blocks(root, 0);

    /// <summary>Converts everything below a node to Markdown without blocks.</summary>
    internal string Inline(INode root, int depth)
    {
        var flow = new MarkdownFlow(inline: true);
        Visit(root, flow, depth);
        return flow.Finish();
    }

    private string Blocks(INode root, int depth, bool tight = false)
    {
        var flow = new MarkdownFlow(inline: false);
        Visit(root, flow, depth);
        return flow.Finish(tight);
    }

    private void Visit(INode parent, MarkdownFlow flow, int depth)
    {
        for (var node = parent.FirstChild; node is not null; node = node.NextSibling)
        {
            if (node is IText text)
                flow.AddText(text.Data);
            else if (node is IElement element && !HtmlNodes.IsHidden(element))
                Add(element, flow, depth + 1);
        }
    }

    private void Add(IElement element, MarkdownFlow flow, int depth)
    {
        if (depth > MaxDepth)
        {
            flow.AddSpace();
            flow.AddText(PageText.Line(element));
            flow.AddSpace();
        }
        else if (!TryAddInline(element, flow, depth) && (flow.IsInline || !TryAddBlock(element, flow, depth)))
        {
            var block = HtmlNodes.IsBlock(element);
            if (block)
                flow.EndParagraph();
            Visit(element, flow, depth);
            if (block)
                flow.EndParagraph();
        }
    }

    private bool TryAddInline(IElement element, MarkdownFlow flow, int depth)
    {
        switch (element.LocalName)
        {
            case "br":
                flow.AddLineBreak();
                return true;
            case "strong" or "b":
                flow.AddWrapped(Inline(element, depth), "**", "**");
                return true;
            case "em" or "i" or "cite" or "dfn":
                flow.AddWrapped(Inline(element, depth), "*", "*");
                return true;
            case "del" or "s" or "strike":
                flow.AddWrapped(Inline(element, depth), "~~", "~~");
                return true;
            case "sub" or "sup":
                flow.AddWrapped(Inline(element, depth), $"<{element.LocalName}>", $"</{element.LocalName}>");
                return true;
            case "q":
                flow.AddWrapped(Inline(element, depth), "“", "”");
                return true;
            case "code" or "kbd" or "samp" or "tt":
                flow.AddWrapped(CodeSpan(PageText.Collapse(PageText.Raw(element))), "", "");
                return true;
            case "a":
                AddLink(element, flow, depth);
                return true;
            case "img":
                flow.AddWrapped(Image(element), "", "");
                return true;
            case "input" when element.GetAttribute("type") == "checkbox":
                flow.AddWrapped(element.HasAttribute("checked") ? "[x]" : "[ ]", "", "");
                flow.AddSpace();
                return true;
            default:
                return false;
        }
    }

    private bool TryAddBlock(IElement element, MarkdownFlow flow, int depth)
    {
        switch (element.LocalName)
        {
            case "h1" or "h2" or "h3" or "h4" or "h5" or "h6":
                var heading = Inline(element, depth).Replace("  \n", " ", StringComparison.Ordinal).Trim();
                flow.AddBlock(
                    heading.Length == 0 ? "" : $"{new string('#', HtmlNodes.HeadingLevel(element))} {heading}");
                return true;
            case "ul" or "ol" or "menu":
                flow.AddBlock(List(element, depth), isList: true);
                return true;
            case "pre":
                flow.AddBlock(Fence(element));
                return true;
            case "blockquote":
                flow.AddBlock(Prefix(Blocks(element, depth), "> ", "> "));
                return true;
            case "hr":
                flow.AddBlock("---");
                return true;
            case "dd":
                flow.AddBlock(Prefix(Blocks(element, depth), ": ", "  "));
                return true;
            case "dt" or "summary" or "caption":
                flow.EndParagraph();
                flow.AddWrapped(Inline(element, depth), "**", "**");
                flow.EndParagraph();
                return true;
            case "table" when TableGrid.IsData(element):
                if (TableGrid.CaptionOf(element) is { } caption)
                    TryAddBlock(caption, flow, depth);
                flow.AddBlock(Table(new TableGrid(element), depth));
                return true;
            default:
                return false;
        }
    }

    private void AddLink(IElement element, MarkdownFlow flow, int depth)
    {
        var text = Inline(element, depth);
        var url = HtmlNodes.Resolve(baseUrl, element.GetAttribute("href"));
        if (url is null)
            flow.AddWrapped(text, "", "");
        else
            flow.AddWrapped(text, "[", $"]({Destination(url)})");
    }

    private string Image(IElement element)
    {
        var source = ImageSources.Select(
            a => HtmlNodes.Resolve(baseUrl, element.GetAttribute(a))).FirstOrDefault(u => u is not null);
        if (source is null)
            return "";
        var alt = new MarkdownFlow(inline: true);
        alt.AddText(element.GetAttribute("alt") ?? "");
        return $"![{alt.Finish().Trim()}]({Destination(source)})";
    }

    private string List(IElement list, int depth)
    {
        var ordered = list.LocalName == "ol";
        var number = ordered
            && int.TryParse(list.GetAttribute("start"), CultureInfo.InvariantCulture, out var start) && start >= 0
            ? start
            : 1;
        var items = new List<string>();
        foreach (var child in list.Children.Where(c => !HtmlNodes.IsHidden(c)))
        {
            // HTML does not allow a list directly inside a list, but pages have them. They belong to the previous item.
            var nested = child.LocalName is "ul" or "ol" && items.Count > 0;
            var marker = ordered ? $"{number}. " : "- ";
            var content = nested ? List(child, depth + 1) : Blocks(child, depth, tight: true);
            var indent = new string(' ', marker.Length);
            if (nested)
                items[^1] += "\n" + Prefix(content, indent, indent);
            else if (content.Length > 0)
            {
                items.Add(Prefix(content, marker, indent));
                number++;
            }
        }

        var loose = items.Any(i => i.Contains("\n\n", StringComparison.Ordinal));
        return string.Join(loose ? "\n\n" : "\n", items);
    }

    private string Table(TableGrid grid, int depth)
    {
        var text = new StringBuilder();
        void Row(IEnumerable<string> cells) => text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");
        string Cell(TableGrid.Cell cell) =>
            cell.IsRepeat || cell.Element is null ? "" : Inline(cell.Element, depth).Trim(' ', '\n')
            .Replace("  \n", "<br>", StringComparison.Ordinal).Replace("|", "\\|", StringComparison.Ordinal);

        Row(grid.HasHeader ? grid.Rows[0].Select(Cell) : Enumerable.Repeat("", grid.Columns));
        Row(Enumerable.Repeat("---", grid.Columns));
        foreach (var row in grid.Rows.Skip(grid.HasHeader ? 1 : 0))
            Row(row.Select(Cell));
        return text.ToString().TrimEnd('\n');
    }

    private static string Fence(IElement pre)
    {
        var code = PageText.Raw(pre).Replace("\r\n", "\n", StringComparison.Ordinal).TrimEnd();
        var classes = $"{pre.ClassName} {pre.FirstElementChild?.ClassName}".Split(' ');
        var language = classes.FirstOrDefault(
            c => c.StartsWith("language-", StringComparison.Ordinal))?["language-".Length..];
        var fence = new string('`', Math.Max(3, LongestRun(code) + 1));
        return code.Length == 0 ? "" : $"{fence}{language}\n{code.TrimStart('\n')}\n{fence}";
    }

    private static string CodeSpan(string code)
    {
        if (code.Length == 0)
            return "";
        var fence = new string('`', LongestRun(code) + 1);
        var pad = code[0] == '`' || code[^1] == '`' ? " " : "";
        return $"{fence}{pad}{code}{pad}{fence}";
    }

    private static int LongestRun(string code)
    {
        int longest = 0, run = 0;
        foreach (var c in code)
            longest = Math.Max(longest, run = c == '`' ? run + 1 : 0);
        return longest;
    }

    private static string Destination(Uri url) =>
        url.AbsoluteUri.Replace("(", "%28", StringComparison.Ordinal).Replace(")", "%29", StringComparison.Ordinal);

    private static string Prefix(string text, string first, string rest) => text.Length == 0 ? "" : string.Join('\n',
        text.Split('\n').Select((line, i) => i == 0 ? first + line : line.Length == 0 ? rest.TrimEnd() : rest + line));
}

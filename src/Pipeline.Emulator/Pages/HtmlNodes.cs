using System.Collections.Frozen;
using AngleSharp.Dom;

namespace Pipeline.Emulator.Pages;

/// <summary>What the converters know of HTML: what a reader does not see, what stands on its own lines, where links lead.</summary>
internal static class HtmlNodes
{
    private static readonly FrozenSet<string> Unseen = FrozenSet.ToFrozenSet(
    [
        "script", "style", "template", "noscript", "head", "title", "meta", "link", "iframe", "object", "embed", "svg", "canvas", "audio", "video",
        "map", "datalist", "select", "frameset", "annotation", "annotation-xml",
    ]);

    private static readonly FrozenSet<string> Blocks = FrozenSet.ToFrozenSet(
    [
        "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dialog", "div", "dl", "dt", "fieldset", "figcaption",
        "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr", "html", "legend", "li", "main", "menu", "nav", "ol",
        "p", "pre", "search", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
    ]);

    /// <summary>Whether it begins and ends a line.</summary>
    public static bool IsBlock(IElement element) => Blocks.Contains(element.LocalName);

    /// <summary>Whether a reader of the page sees nothing of it, as far as its own markup tells.</summary>
    public static bool IsHidden(IElement element)
    {
        if (Unseen.Contains(element.LocalName) || element.HasAttribute("hidden") || (element.LocalName == "dialog" && !element.HasAttribute("open")))
            return true;
        var style = element.GetAttribute("style");
        if (style is null || !style.Contains("none", StringComparison.OrdinalIgnoreCase) && !style.Contains("hidden", StringComparison.OrdinalIgnoreCase))
            return false;
        var dense = style.Replace(" ", "", StringComparison.Ordinal);
        return dense.Contains("display:none", StringComparison.OrdinalIgnoreCase) || dense.Contains("visibility:hidden", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>The heading's level, 1 to 6; 0 for anything else.</summary>
    public static int HeadingLevel(IElement element) => element.LocalName is ['h', >= '1' and <= '6'] name ? name[1] - '0' : 0;

    /// <summary>Every element below, in document order.</summary>
    public static IEnumerable<IElement> Descendants(INode root)
    {
        var node = root.FirstChild;
        while (node is not null)
        {
            if (node is IElement element)
                yield return element;
            node = Following(node, root, descend: true);
        }
    }

    /// <summary>The next node in document order below <paramref name="root"/>, with or without this one's own children.</summary>
    public static INode? Following(INode node, INode root, bool descend)
    {
        if (descend && node.FirstChild is { } child)
            return child;
        var at = node;
        while (at != root && at.NextSibling is null)
            at = at.Parent!;
        return at == root ? null : at.NextSibling;
    }

    /// <summary>The absolute form of a reference that a reader could follow; null for scripts, inline data and what is no URL.</summary>
    public static Uri? Resolve(Uri baseUrl, string? reference) =>
        reference is not null && Uri.TryCreate(baseUrl, reference.Trim(), out var url) && url.Scheme is "http" or "https" or "mailto" or "tel" or "ftp" ? url : null;

    /// <summary>What the page's references are relative to.</summary>
    public static Uri BaseOf(IDocument document, Uri url)
    {
        var stated = document.Head is null ? null : Descendants(document.Head).FirstOrDefault(e => e.LocalName == "base" && e.HasAttribute("href"));
        return Resolve(url, stated?.GetAttribute("href")) is { Scheme: "http" or "https" } found ? found : url;
    }
}

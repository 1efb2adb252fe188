using System.Collections.Frozen;
using AngleSharp.Dom;

namespace Pipeline.Emulator.Pages;

/// <summary>
/// Rules about HTML for the converters: which elements are hidden, which are blocks, and where links lead.
/// </summary>
internal static class HtmlNodes
{
    private static readonly FrozenSet<string> Unseen = FrozenSet.ToFrozenSet(
    [
        "script", "style", "template", "noscript", "head", "title", "meta", "link", "iframe", "object", "embed", "svg",
            "canvas", "audio", "video",
        "map", "datalist", "select", "frameset", "annotation", "annotation-xml",
    ]);

    private static readonly FrozenSet<string> Blocks = FrozenSet.ToFrozenSet(
    [
        "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dialog", "div",
            "dl", "dt", "fieldset", "figcaption",
        "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr", "html", "legend",
            "li", "main", "menu", "nav", "ol",
        "p", "pre", "search", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
    ]);

    /// <summary>Whether an element starts and ends a line.</summary>
    public static bool IsBlock(IElement element) => Blocks.Contains(element.LocalName);

    /// <summary>Whether an element is invisible, as far as its own markup says; style sheets are not applied.</summary>
    public static bool IsHidden(IElement element)
    {
        if (Unseen.Contains(element.LocalName) || element.HasAttribute("hidden")
            || (element.LocalName == "dialog" && !element.HasAttribute("open")))
            return true;
        var style = element.GetAttribute("style");
        if (style is null
            || !style.Contains("none", StringComparison.OrdinalIgnoreCase)
                && !style.Contains("hidden", StringComparison.OrdinalIgnoreCase))
            return false;
        var dense = style.Replace(" ", "", StringComparison.Ordinal);
        return dense.Contains("display:none", StringComparison.OrdinalIgnoreCase)
            || dense.Contains("visibility:hidden", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>The level of a heading, 1 to 6; 0 for other elements.</summary>
    public static int HeadingLevel(IElement element) =>
        element.LocalName is ['h', >= '1' and <= '6'] name ? name[1] - '0' : 0;

    /// <summary>All elements below a node, in document order.</summary>
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

    /// <summary>
    /// The next node in document order below <paramref name="root"/>, or null at the end. Without
    /// <paramref name="descend"/> it skips the node's children.
    /// </summary>
    public static INode? Following(INode node, INode root, bool descend)
    {
        if (descend && node.FirstChild is { } child)
            return child;
        var at = node;
        while (at != root && at.NextSibling is null)
            at = at.Parent!;
        return at == root ? null : at.NextSibling;
    }

    /// <summary>
    /// Makes a link absolute; null when it is not a URL or a reader could not follow it (scripts, inline data).
    /// </summary>
    public static Uri? Resolve(Uri baseUrl, string? reference) =>
        reference is not null && Uri.TryCreate(baseUrl, reference.Trim(), out var url)
            && url.Scheme is "http" or "https" or "mailto" or "tel" or "ftp"
            ? url
            : null;

    /// <summary>
    /// The URL that the page's relative links are based on: its <c>base</c> element, else its own URL.
    /// </summary>
    public static Uri BaseOf(IDocument document, Uri url)
    {
        var stated = document.Head is null
            ? null
            : Descendants(document.Head).FirstOrDefault(e => e.LocalName == "base" && e.HasAttribute("href"));
        return Resolve(url, stated?.GetAttribute("href")) is { Scheme: "http" or "https" } found ? found : url;
    }
}

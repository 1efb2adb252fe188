using System.Globalization;
using AngleSharp.Dom;

namespace Pipeline.Emulator.Pages;

/// <summary>A table's cells in a rectangle: a cell that spans several places is repeated in each.</summary>
internal sealed class TableGrid
{
    // Enough for any real table, and no bomb.
    private const int MaxColumns = 100;

    public TableGrid(IElement table)
    {
        var sections = RowsOf(table).ToList();
        var open = new Dictionary<int, (Cell Cell, int RowsLeft)>();
        foreach (var row in sections)
            Rows.Add(Place(row, open));
        Rows.RemoveAll(r => r.Count == 0);
        Columns = Rows.Count == 0 ? 0 : Rows.Max(r => r.Count);
        foreach (var row in Rows)
            row.AddRange(Enumerable.Repeat(default(Cell), Columns - row.Count));
        HasHeader = Rows.Count > 0 && Rows[0].Where(c => c.Element is not null).All(c => c.Element!.LocalName == "th" || InHead(c.Element));
    }

    /// <summary>The rows, head first, all of the same length.</summary>
    public List<List<Cell>> Rows { get; } = [];

    /// <summary>The length of each row.</summary>
    public int Columns { get; }

    /// <summary>Whether the first row says what the columns are.</summary>
    public bool HasHeader { get; }

    /// <summary>Whether the table holds data rather than the layout of a page.</summary>
    public static bool IsData(IElement table)
    {
        if (table.GetAttribute("role") is "presentation" or "none" || HtmlNodes.Descendants(table).Any(e => e.LocalName == "table"))
            return false;
        var rows = RowsOf(table).Take(2).ToList();
        return rows.Count > 1 || (rows.Count == 1 && CellsOf(rows[0]).Count() > 1);
    }

    /// <summary>The table's caption, if it has one.</summary>
    public static IElement? CaptionOf(IElement table) => table.Children.FirstOrDefault(c => c.LocalName == "caption");

    private static List<Cell> Place(IElement row, Dictionary<int, (Cell Cell, int RowsLeft)> open)
    {
        var cells = new List<Cell>();
        foreach (var element in CellsOf(row))
        {
            FillFromAbove(cells, open);
            var (columns, rows) = (Span(element, "colspan"), Span(element, "rowspan"));
            for (var i = 0; i < columns && cells.Count < MaxColumns; i++)
            {
                if (rows > 1)
                    open[cells.Count] = (new(element, true), rows - 1);
                cells.Add(new(element, i > 0));
            }
        }

        FillFromAbove(cells, open);
        return cells;
    }

    private static void FillFromAbove(List<Cell> cells, Dictionary<int, (Cell Cell, int RowsLeft)> open)
    {
        while (open.TryGetValue(cells.Count, out var above))
        {
            if (above.RowsLeft == 1)
                open.Remove(cells.Count);
            else
                open[cells.Count] = above with { RowsLeft = above.RowsLeft - 1 };
            cells.Add(above.Cell);
        }
    }

    private static IEnumerable<IElement> RowsOf(IElement table)
    {
        var parts = table.Children.Where(c => !HtmlNodes.IsHidden(c)).OrderBy(c => c.LocalName switch { "thead" => 0, "tfoot" => 2, _ => 1 });
        return parts.SelectMany(p => p.LocalName == "tr" ? [p] : p.LocalName is "thead" or "tbody" or "tfoot" ? p.Children.Where(c => c.LocalName == "tr") : [])
            .Where(r => !HtmlNodes.IsHidden(r));
    }

    private static IEnumerable<IElement> CellsOf(IElement row) => row.Children.Where(c => c.LocalName is "td" or "th" && !HtmlNodes.IsHidden(c));

    private static int Span(IElement cell, string attribute) =>
        int.TryParse(cell.GetAttribute(attribute), CultureInfo.InvariantCulture, out var span) && span > 1 ? span : 1;

    private static bool InHead(IElement cell) => cell.ParentElement?.ParentElement?.LocalName == "thead";

    /// <summary>One place of the grid; nothing where a row is shorter than others.</summary>
    /// <param name="Element">The cell.</param>
    /// <param name="IsRepeat">Whether it began further left or above.</param>
    public readonly record struct Cell(IElement? Element, bool IsRepeat);
}

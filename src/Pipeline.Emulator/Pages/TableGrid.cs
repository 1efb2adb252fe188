using System.Globalization;
using AngleSharp.Dom;

namespace Pipeline.Emulator.Pages;

/// <summary>A table as a rectangle of cells. A cell that spans rows or columns is repeated in each place.</summary>
internal sealed class TableGrid
{
    // More than any real table has; a limit for hostile spans.
    private const int MaxColumns = 100;

    public TableGrid(IElement table)
    {
        var spanning = new Dictionary<int, (Cell Cell, int RowsLeft)>();
        foreach (var row in RowsOf(table))
            Rows.Add(Place(row, spanning));
        Rows.RemoveAll(r => r.Count == 0);
        Columns = Rows.Count == 0 ? 0 : Rows.Max(r => r.Count);
        foreach (var row in Rows)
            row.AddRange(Enumerable.Repeat(default(Cell), Columns - row.Count));
        HasHeader = Rows.Count > 0
            && Rows[0].Where(c => c.Element is not null).All(c => c.Element!.LocalName == "th" || InHead(c.Element));
    }

    /// <summary>The rows, header first, all of the same length.</summary>
    public List<List<Cell>> Rows { get; } = [];

    /// <summary>The number of cells in each row.</summary>
    public int Columns { get; }

    /// <summary>Whether the first row is a header.</summary>
    public bool HasHeader { get; }

    /// <summary>Whether the table holds data rather than the layout of a page.</summary>
    public static bool IsData(IElement table)
    {
        if (table.GetAttribute("role") is "presentation" or "none"
            || HtmlNodes.Descendants(table).Any(e => e.LocalName == "table"))
            return false;
        var rows = RowsOf(table).Take(2).ToList();
        return rows.Count > 1 || (rows.Count == 1 && CellsOf(rows[0]).Count() > 1);
    }

    /// <summary>The table's caption, if it has one.</summary>
    public static IElement? CaptionOf(IElement table) => table.Children.FirstOrDefault(c => c.LocalName == "caption");

    /// <summary>
    /// Lays out one row. <paramref name="spanning"/> holds, by column, the cells above that reach into it.
    /// </summary>
    private static List<Cell> Place(IElement row, Dictionary<int, (Cell Cell, int RowsLeft)> spanning)
    {
        var cells = new List<Cell>();
        foreach (var element in CellsOf(row))
        {
            FillFromAbove(cells, spanning);
            var (columns, rows) = (Span(element, "colspan"), Span(element, "rowspan"));
            for (var i = 0; i < columns && cells.Count < MaxColumns; i++)
            {
                if (rows > 1)
                    spanning[cells.Count] = (new(element, true), rows - 1);
                cells.Add(new(element, i > 0));
            }
        }

        FillFromAbove(cells, spanning);
        return cells;
    }

    private static void FillFromAbove(List<Cell> cells, Dictionary<int, (Cell Cell, int RowsLeft)> spanning)
    {
        while (spanning.TryGetValue(cells.Count, out var above))
        {
            if (above.RowsLeft == 1)
                spanning.Remove(cells.Count);
            else
                spanning[cells.Count] = above with { RowsLeft = above.RowsLeft - 1 };
            cells.Add(above.Cell);
        }
    }

    private static IEnumerable<IElement> RowsOf(IElement table)
    {
        var parts = table.Children.Where(c => !HtmlNodes.IsHidden(c))
            .OrderBy(c => c.LocalName switch { "thead" => 0, "tfoot" => 2, _ => 1 });
        return parts.SelectMany(RowsOfPart).Where(r => !HtmlNodes.IsHidden(r));
    }

    private static IEnumerable<IElement> RowsOfPart(IElement part) => part.LocalName switch
    {
        "tr" => [part],
        "thead" or "tbody" or "tfoot" => part.Children.Where(c => c.LocalName == "tr"),
        _ => [],
    };

    private static IEnumerable<IElement> CellsOf(IElement row) =>
        row.Children.Where(c => c.LocalName is "td" or "th" && !HtmlNodes.IsHidden(c));

    private static int Span(IElement cell, string attribute) =>
        int.TryParse(cell.GetAttribute(attribute), CultureInfo.InvariantCulture, out var span) && span > 1 ? span : 1;

    private static bool InHead(IElement cell) => cell.ParentElement?.ParentElement?.LocalName == "thead";

    /// <summary>One place of the grid.</summary>
    /// <param name="Element">The cell; null where a row is shorter than others.</param>
    /// <param name="IsRepeat">Whether the cell starts further left or above and spans this place.</param>
    public readonly record struct Cell(IElement? Element, bool IsRepeat);
}

using Pipeline.Intake.Reading;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Urls;

namespace Pipeline.Fuzz;

/// <summary>What must hold for any bytes that somebody sends as a list.</summary>
public static class ListTarget
{
    private static readonly IntakeOptions Options = new() { MaxItemBytes = 4_096 };

    /// <summary>Returns null for a list that can be read to its end, else the reason why it is refused.</summary>
    /// <exception cref="InvalidOperationException">A promise is broken. Any other exception is a bug too.</exception>
    public static string? Check(byte[] list)
    {
        ArgumentNullException.ThrowIfNull(list);
        var whole = Read(new MemoryStream(list, writable: false));
        var cut = Read(new TrickleStream(list));
        if (whole.Reason != cut.Reason || !whole.Items.SequenceEqual(cut.Items))
            throw new InvalidOperationException("The list differs when its bytes come in small pieces.");
        return whole.Reason;
    }

    private static (string? Reason, List<string> Items) Read(Stream bytes)
    {
        var items = new List<string>();
        try
        {
            ReadAsync(bytes, items).GetAwaiter().GetResult();
            return (null, items);
        }
        catch (PipelineException refusal) when (refusal.IsPermanent)
        {
            PlainText.Require(refusal.Message, "A refusal");
            return (refusal.Reason, items);
        }
    }

    private static async Task ReadAsync(Stream bytes, List<string> items)
    {
        var source = new ListSource(_ => ValueTask.FromResult(bytes), NameHint: null);
        await using var reader = await ListReader.OpenAsync(source, Options, CancellationToken.None);
        await foreach (var item in reader.ReadAsync(CancellationToken.None))
            items.Add(Describe(item));
        items.Add(Convert.ToHexString(reader.GetHash()));
    }

    private static string Describe(ListItem item)
    {
        PlainText.Require(item.Url, "A URL");
        PlainText.Require(item.Text, "An item's text");
        PlainText.Require(item.Fields, "An item's fields");
        if (item is { Error: null, Url: { } url } && UrlRules.Check(url) is { } problem)
            throw new InvalidOperationException($"A URL was accepted although {problem}.");
        return $"{item.Line} {item.Url} {item.Error} {item.Text} "
            + $"{(item.Fields.ValueKind == default ? "" : item.Fields.GetRawText())}";
    }
}

using System.Runtime.CompilerServices;
using System.Text.Json;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Model.Series;

namespace Pipeline.Intake.Reading.Json;

/// <summary>
/// Reads the formats that are one JSON document, item by item. A document that is malformed anywhere is refused as a
/// whole, with line and column.
/// </summary>
internal sealed class JsonListReader(ByteWindow window, ItemParser parser, int maxItemBytes)
{
    private readonly ListJsonScanner _scanner = new(window, maxItemBytes);

    /// <summary>The fields besides the items. Complete once all items are read.</summary>
    public DocumentFields Fields { get; private set; } = DocumentFields.None;

    /// <summary>
    /// Reads the items of an array, or objects that follow each other without an array, as <c>jq</c> writes them.
    /// </summary>
    public async IAsyncEnumerable<ListItem> ReadArrayAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var isSequence = await _scanner.PeekAsync(cancellationToken) == '{';
        if (!isSequence)
            await ExpectAsync('[', "'['", cancellationToken);
        var items = isSequence ? ReadSequenceAsync(cancellationToken) : ReadItemsAsync(cancellationToken);
        await foreach (var item in items)
            yield return item;
        await ExpectEndAsync(cancellationToken);
    }

    /// <summary>Reads the items of a batch body. <c>shared_inputs</c> may follow them.</summary>
    public async IAsyncEnumerable<ListItem> ReadBatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await ExpectAsync('{', "'{'", cancellationToken);
        var names = new HashSet<string>(StringComparer.Ordinal);
        do
        {
            await _scanner.PeekAsync(cancellationToken);
            var (line, column) = (_scanner.Line, _scanner.Column);
            var name = await ReadNameAsync(cancellationToken);
            if (!names.Add(name))
                throw JsonProblems.Malformed(line, column, $"'{name}' appears twice");
            if (name != "inputs")
            {
                await ReadFieldAsync(name, line, column, cancellationToken);
                continue;
            }
            await ExpectAsync('[', "'[' ('inputs' is an array)", cancellationToken);
            await foreach (var item in ReadItemsAsync(cancellationToken))
                yield return item;
        } while (await HasMoreAsync('}', cancellationToken));
        await ExpectEndAsync(cancellationToken);
        if (!names.Contains("inputs"))
        {
            throw PipelineException.Permanent(
                FailureReasons.InvalidInput,
                "The list is a JSON object without 'inputs'. Write "
                    + "{\"inputs\":[{\"url\":...},...],\"shared_inputs\":{...}}.");
        }
    }

    /// <summary>Reads the single item of an async body. Drops delivery fields, as for a batch body.</summary>
    public async IAsyncEnumerable<ListItem> ReadSingleAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await _scanner.PeekAsync(cancellationToken);
        var (line, column) = (_scanner.Line, _scanner.Column);
        var (bytes, isTooLong) = await _scanner.ReadValueAsync(cancellationToken);
        if (isTooLong)
        {
            throw PipelineException.Permanent(
                FailureReasons.InvalidInput,
                $"The list is one JSON object of more than {maxItemBytes:N0} bytes without 'inputs'. Raise "
                    + "Intake:MaxItemBytes, or send a list.");
        }
        var item = Parse(1, bytes, line, column, ParseSingle);
        yield return item;
        _scanner.Take(bytes.Length);
        await ExpectEndAsync(cancellationToken);
    }

    private ListItem ParseSingle(long number, ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json, CanonicalJson.Strict);
        var value = document.RootElement;
        if (!CanonicalJson.IsText(value, json.Span))
            return parser.FromJson(number, json);
        var dropped = DeliveryFields.In(value);
        Fields = new(null, value.TryGetProperty("list_id"u8, out var id) ? Text("list_id", id) : null, null, dropped);
        foreach (var field in value.EnumerateObject().Where(f => SeriesFields.Contains(f.Name)))
            Fields = Fields with { Series = With(Fields.Series, field.Name, field.Value) };
        return parser.FromJson(
            number, DeliveryFields.Without(value, [.. dropped, "list_id", "series", "only_new", "max_age"]));
    }

    // The caller has consumed the opening bracket.
    private async IAsyncEnumerable<ListItem> ReadItemsAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (await _scanner.PeekAsync(cancellationToken) == ']')
        {
            _scanner.Take(1);
            yield break;
        }
        var number = 0L;
        do
        {
            var (item, length) = await ReadItemAsync(++number, cancellationToken);
            yield return item;
            _scanner.Take(length);
        } while (await HasMoreAsync(']', cancellationToken));
    }

    private async IAsyncEnumerable<ListItem> ReadSequenceAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var number = 1L; await _scanner.PeekAsync(cancellationToken) == '{'; number++)
        {
            var (item, length) = await ReadItemAsync(number, cancellationToken);
            yield return item;
            _scanner.Take(length);
            // Some tools write a comma after each object.
            if (await _scanner.PeekAsync(cancellationToken) == ',')
                _scanner.Take(1);
        }
    }

    /// <summary>
    /// Reads an item. The caller consumes its length once the item is no longer used, because the item is in the
    /// window.
    /// </summary>
    private async ValueTask<(ListItem Item, int Length)> ReadItemAsync(long number, CancellationToken cancellationToken)
    {
        await _scanner.PeekAsync(cancellationToken);
        var (line, column) = (_scanner.Line, _scanner.Column);
        var (bytes, isTooLong) = await _scanner.ReadValueAsync(cancellationToken);
        return isTooLong
            ? (parser.TooLong(number, bytes.Span), 0)
            : (Parse(number, bytes, line, column, parser.FromJson), bytes.Length);
    }

    private static T Parse<T>(
        long number, ReadOnlyMemory<byte> bytes, long line, long column, Func<long, ReadOnlyMemory<byte>, T> parse)
    {
        if (bytes.Length == 0)
            throw JsonProblems.Malformed(line, column, "expected a value");
        try
        {
            return parse(number, bytes);
        }
        catch (JsonException error)
        {
            var (below, at) = JsonProblems.PlaceOf(error, bytes.Span);
            throw JsonProblems.Malformed(
                line + below, below == 0 ? column + at : at + 1, JsonProblems.Describe(error), error);
        }
    }

    private async ValueTask<string> ReadNameAsync(CancellationToken cancellationToken)
    {
        if (await _scanner.PeekAsync(cancellationToken) != '"')
            throw JsonProblems.Malformed(_scanner.Line, _scanner.Column, "expected a field name in quotes");
        var name = (await CaptureAsync("a field name", cancellationToken)).GetString()!;
        await ExpectAsync(':', "':'", cancellationToken);
        return name;
    }

    private async ValueTask ReadFieldAsync(string name, long line, long column, CancellationToken cancellationToken)
    {
        var value = await CaptureAsync($"'{name}'", cancellationToken);
        switch (name)
        {
            case "list_id":
                Fields = Fields with { ListId = Text(name, value) };
                break;
            case "name":
                Fields = Fields with { Name = Text(name, value) };
                break;
            case "series" or "only_new" or "max_age":
                Fields = Fields with { Series = With(Fields.Series, name, value) };
                break;
            case "shared_inputs" when value.ValueKind == JsonValueKind.Object:
                var dropped = DeliveryFields.In(value);
                Fields = Fields with
                {
                    SharedInputs = SharedInputs.Parse(DeliveryFields.Without(value, dropped)),
                    Dropped = dropped,
                };
                break;
            case "shared_inputs":
                throw PipelineException.Permanent(
                    FailureReasons.InvalidConfiguration,
                    "shared_inputs is not a JSON object. Write it as {\"country\":\"US\",...}.");
            default:
                // Ignoring a misspelled field would silently run, and bill, the list without it.
                throw PipelineException.Permanent(
                    FailureReasons.InvalidInput,
                    $"The list has the unknown field '{name}' at line {line}, column {column}. Only inputs, "
                        + "shared_inputs, list_id, name, series, only_new and max_age are allowed there. "
                        + "Put extraction fields in shared_inputs or in the items.");
        }
    }

    private async ValueTask<JsonElement> CaptureAsync(string what, CancellationToken cancellationToken)
    {
        await _scanner.PeekAsync(cancellationToken);
        var (line, column) = (_scanner.Line, _scanner.Column);
        var (bytes, isTooLong) = await _scanner.ReadValueAsync(cancellationToken);
        if (isTooLong)
        {
            throw PipelineException.Permanent(
                FailureReasons.InvalidInput,
                $"At line {line}, column {column} of the list, {what} is longer than {maxItemBytes:N0} bytes. Raise "
                    + "Intake:MaxItemBytes.");
        }
        var value = Parse(0, bytes, line, column, static (_, json) =>
        {
            using var document = JsonDocument.Parse(json, CanonicalJson.Strict);
            return CanonicalJson.IsText(document.RootElement, json.Span)
                ? document.RootElement.Clone()
                : throw new JsonException("text that is not UTF-8, or half of a surrogate pair");
        });
        _scanner.Take(bytes.Length);
        return value;
    }

    private async ValueTask<bool> HasMoreAsync(char close, CancellationToken cancellationToken)
    {
        var next = await _scanner.PeekAsync(cancellationToken);
        if (next != ',' && next != close)
            throw JsonProblems.Malformed(
                _scanner.Line,
                _scanner.Column,
                next < 0 ? "the list ends too early; it may be truncated" : $"expected ',' or '{close}'");
        _scanner.Take(1);
        return next == ',';
    }

    private async ValueTask ExpectAsync(char expected, string what, CancellationToken cancellationToken)
    {
        if (await _scanner.PeekAsync(cancellationToken) != expected)
            throw JsonProblems.Malformed(_scanner.Line, _scanner.Column, $"expected {what}");
        _scanner.Take(1);
    }

    private async ValueTask ExpectEndAsync(CancellationToken cancellationToken)
    {
        if (await _scanner.PeekAsync(cancellationToken) >= 0)
            throw JsonProblems.Malformed(
                _scanner.Line,
                _scanner.Column,
                "text follows the end of the JSON document");
    }

    private static SeriesFields With(SeriesFields fields, string name, JsonElement value) =>
        name switch
        {
            "series" => fields with { Name = Text(name, value) },
            "max_age" => fields with { MaxAge = Text(name, value) },
            _ when value.ValueKind is JsonValueKind.True or JsonValueKind.False =>
                fields with { OnlyNew = value.GetBoolean() },
            _ => throw PipelineException.Permanent(
                FailureReasons.InvalidInput, $"'{name}' of the list is not a boolean. Write \"{name}\":true."),
        };

    private static string Text(string name, JsonElement value) =>
        value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : throw PipelineException.Permanent(
                FailureReasons.InvalidInput,
                $"'{name}' of the list is not a string. Write \"{name}\":\"...\".");
}

using System.Buffers;
using System.Text.Json;
using Pipeline.Export.Rows;
using Pipeline.Export.Tables;
using Pipeline.Json;
using Pipeline.Notation;

namespace Pipeline.Export.Writing;

/// <summary>
/// Writes JSON lines: flat objects that all have the same members. Nested values are texts, so that loaders see one
/// type for each column.
/// </summary>
internal sealed class NdjsonTableWriter(Stream stream) : ITableWriter
{
    private const int FlushBytes = 1 << 20;

    private readonly ArrayBufferWriter<byte> _buffer = new(FlushBytes);

    /// <inheritdoc/>
    public async Task WriteAsync(RowBatch batch, CancellationToken cancellationToken)
    {
        for (var row = 0; row < batch.Rows; row++)
        {
            await WriteRowAsync(batch, row, cancellationToken);
            if (_buffer.WrittenCount >= FlushBytes)
                await FlushAsync(cancellationToken);
        }
    }

    /// <inheritdoc/>
    public Task CompleteAsync(CancellationToken cancellationToken) => FlushAsync(cancellationToken);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task WriteRowAsync(RowBatch batch, int row, CancellationToken cancellationToken)
    {
        using (var json = new Utf8JsonWriter(
            _buffer, new JsonWriterOptions { Encoder = MinimalJsonEncoder.Instance, SkipValidation = true }))
        {
            json.WriteStartObject();
            foreach (var values in batch.Columns)
            {
                json.WritePropertyName(values.Column.Name);
                if (values.BytesOf(row) > FlushBytes)
                    await WriteLongAsync(json, values.Texts[row], cancellationToken);
                else
                    WriteValue(json, values, row);
            }
            json.WriteEndObject();
        }
        _buffer.Write("\n"u8);
    }

    /// <summary>Writes a long text in pieces, because it may become six times as long by escaping.</summary>
    private async Task WriteLongAsync(
        Utf8JsonWriter json, ReadOnlyMemory<byte> text, CancellationToken cancellationToken)
    {
        for (; text.Length > FlushBytes; text = text[FlushBytes..])
        {
            json.WriteStringValueSegment(text.Span[..FlushBytes], isFinalSegment: false);
            json.Flush();
            await FlushAsync(cancellationToken);
        }
        json.WriteStringValueSegment(text.Span, isFinalSegment: true);
    }

    private static void WriteValue(Utf8JsonWriter json, ColumnValues values, int row)
    {
        if (!values.Present[row])
            json.WriteNullValue();
        else if (values.Column.IsText)
            json.WriteStringValue(values.Texts[row].Span);
        else if (values.Column.Kind == ColumnKind.Number)
            json.WriteNumberValue(values.Numbers[row]);
        else if (values.Column.Kind == ColumnKind.Boolean)
            json.WriteBooleanValue(values.Numbers[row] != 0);
        else
            UtcTime.WriteValue(json, Times.Of(values.Numbers[row]));
    }

    private async Task FlushAsync(CancellationToken cancellationToken)
    {
        await stream.WriteAsync(_buffer.WrittenMemory, cancellationToken);
        _buffer.ResetWrittenCount();
    }
}

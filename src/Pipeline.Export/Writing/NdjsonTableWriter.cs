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
            WriteRow(batch, row);
            if (_buffer.WrittenCount >= FlushBytes)
                await FlushAsync(cancellationToken);
        }
    }

    /// <inheritdoc/>
    public Task CompleteAsync(CancellationToken cancellationToken) => FlushAsync(cancellationToken);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private void WriteRow(RowBatch batch, int row)
    {
        using (var json = new Utf8JsonWriter(
            _buffer, new JsonWriterOptions { Encoder = MinimalJsonEncoder.Instance, SkipValidation = true }))
        {
            json.WriteStartObject();
            foreach (var values in batch.Columns)
            {
                json.WritePropertyName(values.Column.Name);
                WriteValue(json, values, row);
            }
            json.WriteEndObject();
        }
        _buffer.Write("\n"u8);
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

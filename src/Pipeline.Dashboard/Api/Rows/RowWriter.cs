using System.Text.Json;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Outcomes;
using Pipeline.Ports.Reading;

namespace Pipeline.Dashboard.Api.Rows;

/// <summary>Writes inputs as NDJSON: those that wait, failures, records.</summary>
internal sealed class RowWriter(IRecordReader records)
{
    /// <summary>The media type.</summary>
    public const string Ndjson = "application/x-ndjson";

    private static readonly ReadOnlyMemory<byte> LineFeed = "\n"u8.ToArray();

    /// <summary>Writes inputs of one state, a line each.</summary>
    public async Task WriteAsync(
        Stream body, IAsyncEnumerable<InputEntry> inputs, InputState state, CancellationToken cancellationToken)
    {
        await foreach (var input in inputs.WithCancellation(cancellationToken))
        {
            await WriteAsync(body, input, state, cancellationToken);
            await body.WriteAsync(LineFeed, cancellationToken);
        }
    }

    private Task WriteAsync(Stream body, InputEntry input, InputState state, CancellationToken cancellationToken) =>
        state switch
        {
            InputState.Failed => JsonSerializer.SerializeAsync(
                body, FailureText.Read(input), PipelineJson.Plain.Failure, cancellationToken),
            InputState.Recorded => WriteRecordAsync(body, input, cancellationToken),
            _ => JsonSerializer.SerializeAsync(
                body, new PendingInput(input.Id, input.Url, input.Line, input.SubmissionId),
                ApiJson.Default.PendingInput, cancellationToken),
        };

    // A record that somebody else has removed leaves an empty line, which readers of NDJSON skip.
    private async Task WriteRecordAsync(Stream body, InputEntry input, CancellationToken cancellationToken)
    {
        await using var record = await records.OpenRecordAsync(
            SubmissionIds.ListOf(input.SubmissionId), input, cancellationToken);
        if (record is not null)
            await RecordLine.CopyAsync(record, body, cancellationToken);
    }
}

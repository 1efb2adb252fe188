using System.Buffers;
using System.Text.Json;
using Pipeline.Json;
using Pipeline.Model;

namespace Pipeline.Submit;

/// <summary>
/// Writes the request of a submission: delivery fields are the pipeline's, everything else is the list's.
/// </summary>
internal static class SubmissionBody
{
    private static readonly JsonWriterOptions Plain = new()
    {
        Encoder = MinimalJsonEncoder.Instance,
        SkipValidation = true,
    };

    /// <summary>The body of <c>/extract/batch</c>.</summary>
    public static ReadOnlyMemory<byte> Batch(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, Uri? callbackUrl)
    {
        var buffer = new ArrayBufferWriter<byte>(64 * 1024);
        using (var writer = new Utf8JsonWriter(buffer, Plain))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("inputs");
            foreach (var input in inputs)
                writer.WriteRawValue(input.Input);
            writer.WriteEndArray();
            writer.WriteStartObject("shared_inputs");
            using (var shared = JsonDocument.Parse(submission.SharedInputs, PipelineJson.Documents))
                foreach (var property in shared.RootElement.EnumerateObject())
                    property.WriteTo(writer);
            WriteDelivery(writer, submission, callbackUrl);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    /// <summary>The body of <c>/extract/async</c>, for a submission of one input.</summary>
    public static ReadOnlyMemory<byte> Single(SubmissionEntry submission, InputEntry input, Uri? callbackUrl)
    {
        var buffer = new ArrayBufferWriter<byte>(4 * 1024);
        using (var effective = new EffectiveInput(submission.SharedInputs, input.Input))
        using (var writer = new Utf8JsonWriter(buffer, Plain))
        {
            writer.WriteStartObject();
            foreach (var (name, value) in effective.Fields)
            {
                writer.WritePropertyName(name);
                value.WriteTo(writer);
            }

            WriteDelivery(writer, submission, callbackUrl);
            writer.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    private static void WriteDelivery(Utf8JsonWriter writer, SubmissionEntry submission, Uri? callbackUrl)
    {
        if (submission.StorageUrl is { } storageUrl)
        {
            writer.WriteString("storage_type", storageUrl.StartsWith("gs:", StringComparison.Ordinal) ? "gs" : "s3");
            writer.WriteString("storage_url", storageUrl);
            writer.WriteBoolean("storage_compress", submission.Compressed);
        }

        if (callbackUrl is not null)
            writer.WriteString("callback_url", callbackUrl.AbsoluteUri);
    }
}

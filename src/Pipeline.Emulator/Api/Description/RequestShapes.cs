using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Pipeline.Emulator.Api.Description;

/// <summary>
/// The fields of an input that the emulator checks. It accepts and echoes all others. The types of this folder only
/// describe the API: bodies are read and written without them, because faults need every form.
/// </summary>
internal class InputFields
{
    [Description("The webpage to extract: an absolute http or https URL.")]
    public string? Url { get; init; }

    [Description("html (default), markdown, text, screenshot, links.")]
    public string[]? Formats { get; init; }

    [Description("Accepted without effect: the emulator has no browser.")]
    public JsonElement? Render { get; init; }

    public bool? Parse { get; init; }

    public string? Driver { get; init; }

    public string? Country { get; init; }

    public string? State { get; init; }

    public string? City { get; init; }

    public string? Locale { get; init; }

    [Description("Repeated in the result's metadata.")]
    public string? Tag { get; init; }
}

/// <summary>An input with the fields that say where its result goes.</summary>
internal class InputWithDelivery : InputFields
{
    [Description("s3 or gs; needs storage_url.")]
    public string? StorageType { get; init; }

    [Description("s3://bucket/prefix/ or gs://bucket/prefix/; results become {task_id}.json below it.")]
    public string? StorageUrl { get; init; }

    [Description("Whether results are gzip, as {task_id}.json.gz.")]
    public bool? StorageCompress { get; init; }

    [Description("The object's name in place of the task's id; in a batch it precedes the id.")]
    public string? StorageObjectName { get; init; }

    [Description("An http or https URL that is called when a task ends.")]
    public string? CallbackUrl { get; init; }
}

/// <summary>The body of <c>POST extract/async</c>.</summary>
internal sealed class AsyncRequest : InputWithDelivery;

/// <summary>The body of <c>POST extract/batch</c>.</summary>
internal sealed class BatchRequest
{
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "They describe the API and check nothing.")]
    [MinLength(1), MaxLength(SubmissionReader.MaxInputs)]
    public required InputFields[] Inputs { get; init; }

    [Description("Defaults for all inputs, and where the results of the batch go.")]
    public InputWithDelivery? SharedInputs { get; init; }
}

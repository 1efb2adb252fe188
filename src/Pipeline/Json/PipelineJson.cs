using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.Model;
using Pipeline.Model.Actions;
using Pipeline.Model.Schedules;

namespace Pipeline.Json;

/// <summary>
/// JSON of messages, failures, manifests and the ledger: snake_case, without nulls, source-generated.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    MaxDepth = MaxDepth,
    Converters = [typeof(UtcTimeConverter)])]
[JsonSerializable(typeof(SubmissionMessage))]
[JsonSerializable(typeof(ResultMessage))]
[JsonSerializable(typeof(NotificationMessage))]
[JsonSerializable(typeof(Failure))]
[JsonSerializable(typeof(Manifest))]
[JsonSerializable(typeof(ScheduleEntry))]
[JsonSerializable(typeof(ActionEntry))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, JsonElement>))]
internal sealed partial class PipelineJson : JsonSerializerContext
{
    /// <summary>
    /// Maximum nesting of JSON. Intake accepts items of up to <see cref="CanonicalJson.MaxDepth"/> levels; failures and
    /// messages wrap them in further objects, which every reader and writer must still accept.
    /// </summary>
    public const int MaxDepth = 256;

    /// <summary>Options for parsing JSON that Intake has accepted.</summary>
    public static readonly JsonDocumentOptions Documents = new() { MaxDepth = MaxDepth };

    /// <summary>
    /// Escapes only what JSON requires, because people read the output; the default encoder escapes even quotes and
    /// plus signs as \uXXXX.
    /// </summary>
    public static PipelineJson Plain =>
        _plain ??= new(new JsonSerializerOptions(Default.Options) { Encoder = MinimalJsonEncoder.Instance });

    private static PipelineJson? _plain;
}

using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Reports;
using Pipeline.Reports.History;

namespace Pipeline.Dashboard.Api;

/// <summary>JSON of the API: snake_case, without nulls, times in UTC with milliseconds.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    MaxDepth = PipelineJson.MaxDepth,
    Converters =
    [
        typeof(UtcTimeConverter), typeof(WordConverter<VerdictLevel>), typeof(WordConverter<SubmissionState>),
        typeof(WordConverter<PostProof>), typeof(WordConverter<DiscoveredBy>),
    ])]
[JsonSerializable(typeof(Overview))]
[JsonSerializable(typeof(StatusAnswer))]
[JsonSerializable(typeof(ListPage))]
[JsonSerializable(typeof(ListDetail))]
[JsonSerializable(typeof(SubmittedList))]
[JsonSerializable(typeof(SteeredList))]
[JsonSerializable(typeof(ScheduleAnswer))]
[JsonSerializable(typeof(SchedulesAnswer))]
[JsonSerializable(typeof(ReplayRequest))]
[JsonSerializable(typeof(ReplayAnswer))]
[JsonSerializable(typeof(PendingInput))]
[JsonSerializable(typeof(Explanation))]
[JsonSerializable(typeof(HealthAnswer))]
internal sealed partial class ApiJson : JsonSerializerContext;

/// <summary>Writes a state as a word in snake_case.</summary>
internal sealed class WordConverter<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.SnakeCaseLower)
    where T : struct, Enum;

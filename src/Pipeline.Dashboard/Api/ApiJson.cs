using System.Text.Json.Serialization;
using Pipeline.Json;
using Pipeline.Reports;

namespace Pipeline.Dashboard.Api;

/// <summary>JSON of the API: snake_case, without nulls.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    Converters = [typeof(UtcTimeConverter)])]
[JsonSerializable(typeof(Overview))]
internal sealed partial class ApiJson : JsonSerializerContext;

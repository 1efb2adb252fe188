using System.Text.Json.Serialization;
using Pipeline.Export.Closing;
using Pipeline.Json;

namespace Pipeline.Export;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, Converters = [typeof(UtcTimeConverter)],
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ExportMessage))]
[JsonSerializable(typeof(ExportNote))]
[JsonSerializable(typeof(string[]))]
internal sealed partial class ExportJson : JsonSerializerContext;

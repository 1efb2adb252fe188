using System.Text.Json.Serialization;

namespace Pipeline.Export;

[JsonSerializable(typeof(string[]))]
internal sealed partial class ExportJson : JsonSerializerContext;

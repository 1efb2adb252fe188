using System.Buffers;
using System.Text;
using System.Text.Json;
using Pipeline.Emulator.Store;

namespace Pipeline.Emulator.Api;

/// <summary>Reads and validates the body of a POST.</summary>
internal static class SubmissionReader
{
    public const int MaxInputs = 1000;

    /// <summary>Reads the body of <c>extract/async</c>: one input with its delivery fields.</summary>
    /// <returns>Null when there are errors.</returns>
    public static Submission? ReadAsync(JsonElement body, List<string> errors) => Read(errors, () =>
    {
        if (!IsObject(body, "body", errors))
            return null;
        var fields = FieldsOf(body, "", errors);
        var delivery = ReadDelivery(fields, "", errors);
        var input = Merge([], fields, "", errors);
        return errors.Count > 0 ? null : new Submission(false, delivery, [input]);
    });

    /// <summary>
    /// Reads the body of <c>extract/batch</c>: <c>inputs</c>, and the <c>shared_inputs</c> they override.
    /// </summary>
    /// <returns>Null when there are errors.</returns>
    public static Submission? ReadBatch(JsonElement body, List<string> errors) => Read(errors, () =>
    {
        if (!IsObject(body, "body", errors))
            return null;
        foreach (var field in body.EnumerateObject())
        {
            if (field.Name is not ("inputs" or "shared_inputs"))
                errors.Add($"{field.Name}: is not allowed here; move it to shared_inputs");
        }
        var hasShared = body.TryGetProperty("shared_inputs", out var shared) && shared.ValueKind != JsonValueKind.Null;
        var defaults = hasShared && IsObject(shared, "shared_inputs", errors)
            ? FieldsOf(shared, "shared_inputs.", errors)
            : [];
        var delivery = ReadDelivery(defaults, "shared_inputs.", errors);
        if (!body.TryGetProperty("inputs", out var items) || items.ValueKind != JsonValueKind.Array)
            errors.Add("inputs: must be an array");
        else if (items.GetArrayLength() is 0 or > MaxInputs)
            errors.Add($"inputs: must have 1 to {MaxInputs} items, not {items.GetArrayLength()}");
        if (errors.Count > 0)
            return null;
        var inputs = ReadInputs(items, defaults, errors);
        return errors.Count > 0 ? null : new Submission(true, delivery, inputs);
    });

    private static Submission? Read(List<string> errors, Func<Submission?> read)
    {
        try
        {
            return read();
        }
        catch (InvalidOperationException)
        {
            // System.Text.Json throws this for escapes that are not valid text, such as a lone surrogate.
            errors.Add("body: has a string that is not valid Unicode");
            return null;
        }
    }

    private static List<string> ReadInputs(
        JsonElement items, Dictionary<string, JsonProperty> defaults, List<string> errors)
    {
        var inputs = new List<string>(items.GetArrayLength());
        foreach (var item in items.EnumerateArray())
        {
            var path = $"inputs.{inputs.Count}";
            var fields = IsObject(item, path, errors) ? FieldsOf(item, path + ".", errors) : [];
            foreach (var name in fields.Keys.Where(DeliveryRequest.Fields.Contains))
                errors.Add($"{path}.{name}: applies to the whole batch; move it to shared_inputs");
            inputs.Add(Merge(defaults, fields, path + ".", errors));
        }
        return inputs;
    }

    private static bool IsObject(JsonElement value, string path, List<string> errors)
    {
        if (value.ValueKind != JsonValueKind.Object)
            errors.Add($"{path}: must be an object");
        return value.ValueKind == JsonValueKind.Object;
    }

    /// <summary>
    /// The fields that are not null. If a name occurs twice, the last one counts, as in most JSON readers.
    /// </summary>
    private static Dictionary<string, JsonProperty> FieldsOf(JsonElement value, string path, List<string> errors)
    {
        var fields = new Dictionary<string, JsonProperty>();
        foreach (var field in value.EnumerateObject())
        {
            InputRules.Check(field, path, errors);
            if (field.Value.ValueKind != JsonValueKind.Null)
                fields[field.Name] = field;
        }
        return fields;
    }

    private static DeliveryRequest ReadDelivery(
        Dictionary<string, JsonProperty> fields, string path, List<string> errors)
    {
        if (errors.Count > 0)
            return new();
        string? Text(string name) => fields.TryGetValue(name, out var field) ? field.Value.GetString() : null;
        var delivery = new DeliveryRequest
        {
            StorageType = Text("storage_type"),
            StorageUrl = Text("storage_url"),
            StorageCompress = fields.TryGetValue("storage_compress", out var compress)
                ? compress.Value.GetBoolean()
                : null,
            StorageObjectName = Text("storage_object_name"),
            CallbackUrl = Text("callback_url"),
        };
        InputRules.Check(delivery, path, errors);
        return delivery;
    }

    /// <summary>The effective extraction fields as JSON: an item's own fields override the shared ones.</summary>
    private static string Merge(
        Dictionary<string, JsonProperty> defaults, Dictionary<string, JsonProperty> own, string path,
        List<string> errors)
    {
        if (!own.ContainsKey("url") && !defaults.ContainsKey("url") && errors.Count == 0)
            errors.Add($"{path}url: is required");
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Replies.Json))
        {
            writer.WriteStartObject();
            foreach (var field in defaults.Values.Where(f => !own.ContainsKey(f.Name)).Concat(own.Values))
            {
                if (!DeliveryRequest.Fields.Contains(field.Name))
                    field.WriteTo(writer);
            }
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}

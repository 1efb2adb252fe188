using System.Text.Json;
using Pipeline.Emulator.Store;

namespace Pipeline.Emulator.Api;

/// <summary>
/// Checks the fields of an input. Unknown fields are accepted and echoed, because newer versions of the API have more
/// of them.
/// </summary>
internal static class InputRules
{
    private static readonly HashSet<string> Formats = ["html", "markdown", "text", "screenshot", "links"];

    private static readonly HashSet<string> Strings =
    [
        "url",
        "country",
        "state",
        "city",
        "locale",
        "driver",
        "tag",
        .. DeliveryRequest.Fields.Except(["storage_compress"]),
    ];

    private static readonly HashSet<string> Booleans = ["parse", "storage_compress"];

    /// <summary>Checks one field; <paramref name="path"/> is the path of its object, ending with a dot.</summary>
    public static void Check(JsonProperty field, string path, List<string> errors)
    {
        var value = field.Value;
        if (value.ValueKind == JsonValueKind.Null)
            return;
        if (Strings.Contains(field.Name) && value.ValueKind != JsonValueKind.String)
            errors.Add($"{path}{field.Name}: must be a string");
        else if (Booleans.Contains(field.Name) && value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
            errors.Add($"{path}{field.Name}: must be a boolean");
        else if (field.Name == "url" && !IsHttp(value.GetString()!))
            errors.Add($"{path}url: must be an absolute http or https URL");
        else if (field.Name == "formats")
            CheckFormats(value, path, errors);
    }

    /// <summary>Checks delivery fields against one another.</summary>
    public static void Check(DeliveryRequest delivery, string path, List<string> errors)
    {
        if (delivery.StorageType is { } type && type is not ("s3" or "gs"))
            errors.Add($"{path}storage_type: must be one of s3, gs");
        else if (delivery.StorageType is null != delivery.StorageUrl is null)
            errors.Add($"{path}storage_type: must be given together with storage_url");
        else if (delivery.StorageUrl is { } url
            && (!url.StartsWith($"{delivery.StorageType}://", StringComparison.Ordinal) || BucketOf(url).Length == 0))
            errors.Add($"{path}storage_url: must be {delivery.StorageType}://bucket/prefix/");
        if (delivery.StorageObjectName is { } name && (name.Length is 0 or > 512 || name.Any(char.IsControl)))
            errors.Add($"{path}storage_object_name: must be 1 to 512 characters without control characters");
        if (delivery.CallbackUrl is { } callback && !IsHttp(callback))
            errors.Add($"{path}callback_url: must be an absolute http or https URL");
    }

    private static string BucketOf(string url) =>
        url[(url.IndexOf("://", StringComparison.Ordinal) + 3)..].Split('/')[0];

    private static bool IsHttp(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.Host.Length > 0;

    private static void CheckFormats(JsonElement value, string path, List<string> errors)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            errors.Add($"{path}formats: must be an array");
            return;
        }
        foreach (var format in value.EnumerateArray())
        {
            if (format.ValueKind != JsonValueKind.String || !Formats.Contains(format.GetString()!))
                errors.Add($"{path}formats: each must be one of {string.Join(", ", Formats)}");
        }
    }
}

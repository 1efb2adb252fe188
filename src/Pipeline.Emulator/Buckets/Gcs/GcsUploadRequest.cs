using System.Globalization;
using System.Text.Json;

namespace Pipeline.Emulator.Buckets.Gcs;

/// <summary>
/// The first request of a GCS upload: the parameters of its URL and the fields of its object resource.
/// </summary>
internal sealed record GcsUploadRequest(
    string Name, ObjectTraits Traits, string? Crc32C, string? Md5, GcsPreconditions Conditions)
{
    private const string DefaultContentType = "application/octet-stream";

    /// <summary>
    /// Reads the request; null when a part is missing or malformed, which <paramref name="fault"/> describes.
    /// </summary>
    public static GcsUploadRequest? Read(
        HttpRequest request, ReadOnlyMemory<byte> resource, string? mediaType, out string fault)
    {
        fault = "The object resource is not valid JSON.";
        try
        {
            using var json = JsonDocument.Parse(resource.IsEmpty ? "{}"u8.ToArray() : resource);
            var root = json.RootElement;
            string? Field(string name) => root.TryGetProperty(name, out var value) ? value.GetString() : null;
            string? Query(string name) => request.Query[name].ToString() is { Length: > 0 } value ? value : null;

            if ((Query("name") ?? Field("name")) is not { Length: > 0 } objectName)
            {
                fault = "Required parameter: name";
                return null;
            }

            if (!GcsPreconditions.TryRead(request.Query, out var conditions))
            {
                fault = "A generation parameter is not a number.";
                return null;
            }

            return new(objectName, new(Field("contentType") ?? mediaType ?? DefaultContentType)
            {
                ContentEncoding = Field("contentEncoding") ?? Query("contentEncoding"),
                Metadata = root.TryGetProperty("metadata", out var pairs)
                    ? pairs.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString() ?? "") : null,
            }, Field("crc32c") ?? Hash(request, "crc32c="), Field("md5Hash") ?? Hash(request, "md5="), conditions);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Adds the hashes in the last request of a resumable upload, where Google's clients send them.</summary>
    public GcsUploadRequest WithHashesOf(HttpRequest last) =>
        this with { Crc32C = Hash(last, "crc32c=") ?? Crc32C, Md5 = Hash(last, "md5=") ?? Md5 };

    /// <summary>Describes the hash that does not match the uploaded bytes; null when all match.</summary>
    public string? Mismatch(ObjectUpload upload)
    {
        var crc32C = GcsJson.Crc32C(upload.Crc32C);
        var md5 = Convert.ToBase64String(upload.Md5());
        if (Crc32C is not null && Crc32C != crc32C)
            return string.Create(
                CultureInfo.InvariantCulture,
                $"Provided CRC32C \"{Crc32C}\" doesn't match calculated CRC32C \"{crc32C}\".");
        return Md5 is not null && Md5 != md5
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"Provided MD5 hash \"{Md5}\" doesn't match calculated MD5 hash \"{md5}\".")
            : null;
    }

    private static string? Hash(HttpRequest request, string prefix) =>
        request.Headers["x-goog-hash"].ToString().Split(',', StringSplitOptions.TrimEntries)
            .FirstOrDefault(h => h.StartsWith(prefix, StringComparison.Ordinal))?[prefix.Length..];
}

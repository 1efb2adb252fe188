using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Headers;
using Google.Apis.Storage.v1;
using Pipeline.Http.Limits;
using Pipeline.Model;
using ApiObject = Google.Apis.Storage.v1.Data.Object;

namespace Pipeline.Stores.Gcs;

/// <summary>
/// Makes the requests by which objects are read. Google's library builds one for each bucket, and the others differ from it
/// only in the object's name: building each by its reflection takes a fifth of the time of reading a small object.
/// </summary>
internal sealed class GcsReadRequests(ObjectStoreOptions options)
{
    // Neither bucket nor project may have capitals in their names.
    private const string NamePlace = "OBJECT-NAME";

    private static readonly StringWithQualityHeaderValue s_gzip = new("gzip");

    private readonly ConcurrentDictionary<string, Template> _templates = new();

    /// <summary>A GET of stored bytes; with a generation, of that one from an offset on.</summary>
    public HttpRequestMessage Create(StorageService service, ObjectUri uri, long offset, long? generation)
    {
        var template = _templates.GetOrAdd(uri.Bucket, static (bucket, from) => Build(from.service, bucket, from.options), (service, options));
        var address = template.Before + Uri.EscapeDataString(uri.Key) + template.After;
        if (generation is { } pinned)
            address += string.Create(CultureInfo.InvariantCulture, $"&generation={pinned}");
        var request = new HttpRequestMessage(HttpMethod.Get, address);
        foreach (var (name, values) in template.Headers)
            request.Headers.TryAddWithoutValidation(name, values);
        request.Headers.AcceptEncoding.Add(s_gzip);
        request.Options.Set(TimeLimitHandler.OwnLimits, true);
        if (generation is not null)
            request.Headers.Range = new RangeHeaderValue(offset, null);
        return request;
    }

    private static Template Build(StorageService service, string bucket, ObjectStoreOptions options)
    {
        var get = service.Objects.Get(bucket, NamePlace);
        get.Alt = StorageBaseServiceRequest<ApiObject>.AltEnum.Media;
        get.UserProject = options.GcsUserProject;
        using var request = get.CreateRequest(overrideGZipEnabled: false);
        var address = request.RequestUri!.AbsoluteUri;
        var place = address.IndexOf(NamePlace, StringComparison.Ordinal);
        return new(
            address[..place],
            address[(place + NamePlace.Length)..],
            [.. request.Headers.NonValidated
                .Where(h => !h.Key.Equals("Accept-Encoding", StringComparison.OrdinalIgnoreCase))
                .Select(h => KeyValuePair.Create(h.Key, h.Value.ToArray()))]);
    }

    private sealed record Template(string Before, string After, KeyValuePair<string, string[]>[] Headers);
}

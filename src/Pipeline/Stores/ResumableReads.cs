using Pipeline.Http;
using Pipeline.Ports;

namespace Pipeline.Stores;

/// <summary>The version of an object in a response, and how to continue reading the same version.</summary>
/// <param name="Tag">Names the version; null if the store does not.</param>
/// <param name="Length">Stored size in bytes; null if the store does not give it.</param>
/// <param name="Check">The checksum of the stored bytes; null if the store does not give one.</param>
/// <param name="GetFrom">Requests this version from an offset; null if that is not possible.</param>
internal sealed record StoredVersion(
    string? Tag, long? Length, ContentCheck? Check, Func<long, CancellationToken, Task<HttpResponseMessage>>? GetFrom);

/// <summary>Opens objects over HTTP, for every store.</summary>
internal sealed class ResumableReads(StoreLimits limits, TimeProvider time)
{
    /// <summary>Makes the response to a GET of a whole object an open object; null for a 404.</summary>
    /// <param name="uri">The address, for messages.</param>
    /// <param name="response">The response; the read owns it.</param>
    /// <param name="describe">Reads the store's description of the version.</param>
    public ObjectRead? Open(
        string uri, HttpResponseMessage response, Func<HttpResponseMessage, StoredVersion> describe)
    {
        if ((int)response.StatusCode == 404)
        {
            response.Dispose();
            return null;
        }
        var version = describe(response);
        var download = new Download(uri, version.Length, version.Check, version.GetFrom);
        var body = new ResumingStream(response, download, limits.Limits, limits.MaxResumes, limits.Policy, time);
        return new HttpObjectRead(body, version.Length, version.Tag);
    }
}

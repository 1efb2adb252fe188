using Pipeline.Http;
using Pipeline.Http.Limits;
using Pipeline.Http.Retrying;
using Pipeline.IO;

namespace Pipeline.Stores;

/// <summary>Helpers shared by the stores over HTTP.</summary>
internal static class ObjectHttp
{
    /// <summary>
    /// Creates a handler that does not decompress bodies, and does not follow redirects, so that credentials stay with
    /// their host. It sends the service no trace context, and the runtime adds no span of its own, whose URL could hold
    /// a signature.
    /// </summary>
    /// <param name="service">Name of the service in traces.</param>
    public static HttpMessageHandler CreateHandler(string service) => new TracedHandler(service, new SocketsHttpHandler
    {
        ActivityHeadersPropagator = null,
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = System.Net.DecompressionMethods.None,
        ConnectTimeout = TimeSpan.FromSeconds(15),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        EnableMultipleHttp2Connections = true,
    });

    /// <summary>Returns the first 4 KiB of an error's body; empty if it cannot be read in time.</summary>
    public static async Task<string> ReadErrorAsync(
        HttpResponseMessage response, TimeLimits limits, TimeProvider time, CancellationToken cancellationToken)
    {
        const int Longest = 4096;
        var buffer = new byte[Longest];
        try
        {
            using var body = new TimedContent(response.Content, new(limits, time));
            await using var stream = await body.ReadAsStreamAsync(cancellationToken);
            var read = await stream.ReadAtLeastAsync(buffer, Longest, throwOnEndOfStream: false, cancellationToken);
            return System.Text.Encoding.UTF8.GetString(buffer, 0, read);
        }
        catch (Exception e) when (Faults.IsOfConnection(e, cancellationToken))
        {
            return "";
        }
    }

    /// <summary>
    /// Sends the content as a stream that can be sent again from its start: the content itself if it is in memory,
    /// otherwise a temporary file that deletes itself. A stream that throws must throw here and not inside the AWS SDK,
    /// which would leave the thread's hash incomplete and sign the thread's next request wrongly.
    /// </summary>
    public static async Task SendRepeatableAsync(
        Stream content, Func<Stream, Task> send, CancellationToken cancellationToken)
    {
        if (content.GetType() == typeof(MemoryStream) && content.Position == 0)
        {
            await send(content);
            return;
        }
        await using var file = PrivateFiles.CreateTemporary(Path.GetTempPath(), FileOptions.Asynchronous);
        await content.CopyToAsync(file, cancellationToken);
        file.Position = 0;
        await send(file);
    }
}

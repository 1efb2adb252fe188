using Pipeline.Http.Limits;
using Pipeline.Http.Retrying;
using Pipeline.IO;

namespace Pipeline.Stores;

/// <summary>What the stores over HTTP have in common.</summary>
internal static class ObjectHttp
{
    /// <summary>A handler that leaves bodies as they are stored, and credentials with the host they are meant for.</summary>
    public static SocketsHttpHandler CreateHandler() => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = System.Net.DecompressionMethods.None,
        ConnectTimeout = TimeSpan.FromSeconds(15),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        EnableMultipleHttp2Connections = true,
    };

    /// <summary>The first part of an error's body; empty where it cannot be read, or stalls.</summary>
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
    /// The content as a stream that can be sent again from its start: itself where it is in memory, else a temporary file
    /// that deletes itself. A stream that throws must throw here and not inside the AWS SDK: its hash of the thread is then left half fed, and the thread's next signature is wrong.
    /// </summary>
    public static async Task<Stream> MakeRepeatableAsync(Stream content, CancellationToken cancellationToken)
    {
        if (content.GetType() == typeof(MemoryStream) && content.Position == 0)
            return content;
        var file = PrivateFiles.CreateTemporary(Path.GetTempPath(), FileOptions.Asynchronous);
        await content.CopyToAsync(file, cancellationToken);
        file.Position = 0;
        return file;
    }
}

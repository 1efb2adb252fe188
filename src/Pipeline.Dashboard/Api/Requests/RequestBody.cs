using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Pipeline.Model;

namespace Pipeline.Dashboard.Api.Requests;

/// <summary>Reads bodies up to a limit, in every host.</summary>
internal static class RequestBody
{
    private const int BufferBytes = 1 << 16;

    /// <summary>Reads a small body.</summary>
    public static async Task<ReadOnlyMemory<byte>> ReadAsync(
        HttpContext context, int limit, CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream();
        await CopyAsync(context, bytes, limit, cancellationToken);
        return bytes.ToArray();
    }

    /// <summary>Copies a body.</summary>
    /// <exception cref="PipelineException">Permanent: it is longer than the limit.</exception>
    public static async Task CopyAsync(
        HttpContext context, Stream to, long limit, CancellationToken cancellationToken)
    {
        if (context.Request.ContentLength > limit)
            throw TooLong(limit);
        // The server's limit is that of webhooks, and cuts the connection.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = null;
        var buffer = new byte[BufferBytes];
        long total = 0;
        while (await context.Request.Body.ReadAsync(buffer, cancellationToken) is > 0 and var read)
        {
            if ((total += read) > limit)
                throw TooLong(limit);
            await to.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }
    }

    private static PipelineException TooLong(long limit) => PipelineException.Permanent(
        FailureReasons.LimitExceeded,
        $"The body is longer than {limit >> 10:N0} KiB. Put a longer list into the store, and send "
            + "{\"source\": \"ADDRESS\"}, or use: pipeline submit LIST");
}

using System.IO.Compression;
using Microsoft.AspNetCore.Http.Features;

namespace Pipeline.Emulator.Api;

/// <summary>Compresses an answer with gzip whether or not the client accepts it, as some proxies do.</summary>
internal static class GzipReply
{
    public static async Task SendAsync(HttpContext context, Func<Task> reply)
    {
        var plain = context.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        context.Response.OnStarting(() =>
        {
            context.Response.Headers.ContentEncoding = "gzip";
            context.Response.ContentLength = null;
            return Task.CompletedTask;
        });
        await using var gzip = new GZipStream(plain.Stream, CompressionLevel.Fastest, leaveOpen: true);
        var packed = new StreamResponseBodyFeature(gzip, plain);
        context.Features.Set<IHttpResponseBodyFeature>(packed);
        try
        {
            await reply();
            await packed.Writer.FlushAsync(context.RequestAborted);
        }
        finally
        {
            context.Features.Set(plain);
        }
    }
}

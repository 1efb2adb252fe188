using System.IO.Compression;
using Pipeline.Emulator.Buckets;

namespace Pipeline.Emulator.Overview;

/// <summary>Shows the start of an object as text, decompressed if it is gzip.</summary>
internal sealed class ObjectViewer(BucketStore buckets)
{
    private const int MaxBytes = 1 << 20;

    public async Task ShowAsync(HttpContext context)
    {
        PageHeaders.Confine(context.Response.Headers);
        context.Response.ContentType = "text/plain; charset=utf-8";
        var query = context.Request.Query;
        if (buckets.OpenRead(query["bucket"].ToString(), query["key"].ToString()) is not { } found)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            await context.Response.WriteAsync("There is no such object any more.\n", context.RequestAborted);
            return;
        }
        using var content = found.Content;
        var (text, length) = (new byte[MaxBytes], 0);
        await using var stored = content.AsStream();
        await using var plain = IsGzip(content) ? new GZipStream(stored, CompressionMode.Decompress) : stored;
        try
        {
            length = await plain.ReadAtLeastAsync(
                text, MaxBytes, throwOnEndOfStream: false, context.RequestAborted);
        }
        catch (InvalidDataException)
        {
            await context.Response.WriteAsync("The gzip data of this object is damaged.\n", context.RequestAborted);
            return;
        }
        await context.Response.Body.WriteAsync(text.AsMemory(0, length), context.RequestAborted);
        if (length == MaxBytes)
            await context.Response.WriteAsync("\n\nOnly the first 1 MiB is shown.\n", context.RequestAborted);
    }

    private static bool IsGzip(ObjectContent content)
    {
        Span<byte> start = stackalloc byte[2];
        return content.Read(start, 0) == 2 && start is [0x1F, 0x8B];
    }
}

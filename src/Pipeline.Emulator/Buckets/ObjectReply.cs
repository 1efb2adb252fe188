using System.IO.Compression;
using Microsoft.Net.Http.Headers;

namespace Pipeline.Emulator.Buckets;

/// <summary>Sends an object's bytes, whole or in part.</summary>
internal static class ObjectReply
{
    private const int ChunkBytes = 64 * 1024;

    /// <summary>The part of an object that a Range header asks for.</summary>
    /// <param name="Start">The position of the first byte.</param>
    /// <param name="Length">The number of bytes.</param>
    /// <param name="IsPartial">Whether the answer is 206 rather than 200.</param>
    /// <param name="IsSatisfiable">Whether the object has such a part; if not, the answer is 416.</param>
    public readonly record struct Slice(long Start, long Length, bool IsPartial, bool IsSatisfiable);

    /// <summary>
    /// Reads the Range header. Anything but one well-formed byte range is ignored, as both clouds do.
    /// </summary>
    public static Slice SliceOf(HttpRequest request, long bytes)
    {
        var whole = new Slice(0, bytes, false, true);
        if (!RangeHeaderValue.TryParse(request.Headers.Range.ToString(), out var header) || header.Unit != "bytes"
            || header.Ranges.Count != 1)
            return whole;
        var range = header.Ranges.First();
        var isSuffix = range.From is null;
        var start = range.From ?? Math.Max(0, bytes - range.To!.Value);
        if (start >= bytes || (isSuffix && range.To == 0))
            return new(0, 0, true, false);
        var last = isSuffix ? bytes - 1 : Math.Min(range.To ?? long.MaxValue, bytes - 1);
        return new(start, last - start + 1, true, true);
    }

    /// <summary>
    /// Sends headers and bytes of a slice; only headers when <paramref name="content"/> is null, as for HEAD.
    /// </summary>
    public static async Task SendAsync(HttpContext context, ObjectContent? content, Slice slice, long bytes)
    {
        var response = context.Response;
        response.ContentLength = slice.Length;
        response.Headers.AcceptRanges = "bytes";
        if (slice.IsPartial)
        {
            response.StatusCode = StatusCodes.Status206PartialContent;
            response.Headers.ContentRange = $"bytes {slice.Start}-{slice.Start + slice.Length - 1}/{bytes}";
        }

        if (content is null)
            return;
        var (position, end) = (slice.Start, slice.Start + slice.Length);
        while (position < end)
        {
            var span = response.BodyWriter.GetSpan((int)Math.Min(ChunkBytes, end - position));
            var read = content.Read(span[..(int)Math.Min(span.Length, end - position)], position);
            response.BodyWriter.Advance(read);
            position += read;
            var flushed = await response.BodyWriter.FlushAsync(context.RequestAborted);
            if (read == 0 || flushed.IsCompleted)
                return;
        }
    }

    /// <summary>Sends a gzip object decompressed, as GCS does for clients that do not accept gzip.</summary>
    public static async Task SendDecompressedAsync(HttpContext context, ObjectContent content)
    {
        using var stored = content.AsStream();
        using var plain = new GZipStream(stored, CompressionMode.Decompress);
        await plain.CopyToAsync(context.Response.Body, context.RequestAborted);
    }
}

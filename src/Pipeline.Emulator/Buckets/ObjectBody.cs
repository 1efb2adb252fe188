using System.IO.Compression;
using Microsoft.Net.Http.Headers;

namespace Pipeline.Emulator.Buckets;

/// <summary>Sends stored bytes, whole or in part.</summary>
internal static class ObjectBody
{
    private const int Step = 64 * 1024;

    /// <summary>What a Range header asks of an object.</summary>
    /// <param name="Start">The first byte.</param>
    /// <param name="Length">How many.</param>
    /// <param name="IsPartial">Whether the answer is 206.</param>
    /// <param name="IsSatisfiable">Whether there is such a part at all; else 416.</param>
    public readonly record struct Slice(long Start, long Length, bool IsPartial, bool IsSatisfiable);

    /// <summary>Reads a Range header. As both clouds do, anything but one well-formed byte range is passed over and gives the whole.</summary>
    public static Slice SliceOf(HttpRequest request, long bytes)
    {
        var whole = new Slice(0, bytes, false, true);
        if (!RangeHeaderValue.TryParse(request.Headers.Range.ToString(), out var header) || header.Unit != "bytes" || header.Ranges.Count != 1)
            return whole;
        var range = header.Ranges.First();
        var start = range.From ?? Math.Max(0, bytes - range.To!.Value);
        var end = range.From is null ? bytes - 1 : Math.Min(range.To ?? long.MaxValue, bytes - 1);
        return start >= bytes || (range.From is null && range.To == 0) ? new(0, 0, true, false) : new(start, end - start + 1, true, true);
    }

    /// <summary>Sends the status, the length and the bytes of a slice; only the headers where there is no content, as for a HEAD.</summary>
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
            var span = response.BodyWriter.GetSpan((int)Math.Min(Step, end - position));
            var read = content.Read(span[..(int)Math.Min(span.Length, end - position)], position);
            response.BodyWriter.Advance(read);
            position += read;
            var flushed = await response.BodyWriter.FlushAsync(context.RequestAborted);
            if (read == 0 || flushed.IsCompleted)
                return;
        }
    }

    /// <summary>Sends a gzip object decompressed, as GCS does to clients that do not take gzip.</summary>
    public static async Task SendDecompressedAsync(HttpContext context, ObjectContent content)
    {
        using var stored = content.AsStream();
        using var plain = new GZipStream(stored, CompressionMode.Decompress);
        await plain.CopyToAsync(context.Response.Body, context.RequestAborted);
    }
}

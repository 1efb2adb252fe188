using System.IO.Compression;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Pipeline.Emulator.Buckets.Gcs;

/// <summary>Handles the three kinds of GCS uploads: media, multipart and resumable.</summary>
internal sealed class GcsUploads(BucketStore store)
{
    private const int MaxResourceBytes = 64 * 1024;

    private readonly GcsSessions _sessions = new();

    public Task HandleAsync(HttpContext context, string bucket)
    {
        context.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize = null;
        var query = context.Request.Query;
        return (context.Request.Method, query["uploadType"].ToString(), query["upload_id"].ToString()) switch
        {
            ("PUT", _, { Length: > 0 } id) => ContinueAsync(context, bucket, id),
            ("POST", "media", _) => MediaAsync(context, bucket),
            ("POST", "multipart", _) => MultipartAsync(context, bucket),
            ("POST", "resumable", _) => StartAsync(context, bucket),
            _ => GcsJson.ErrorAsync(context, 400, "invalid", "Invalid upload request."),
        };
    }

    private async Task MediaAsync(HttpContext context, string bucket)
    {
        if (GcsUploadRequest.Read(context.Request, default, context.Request.ContentType, out var fault)
            is not { } request)
        {
            await GcsJson.ErrorAsync(context, 400, "required", fault);
            return;
        }

        using var upload = store.BeginUpload();
        await upload.AppendAsync(context.Request.Body, null, context.RequestAborted);
        await FinishAsync(context, bucket, request, upload);
    }

    private async Task MultipartAsync(HttpContext context, string bucket)
    {
        var boundary = MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var type)
            ? HeaderUtilities.RemoveQuotes(type.Boundary).ToString()
            : "";
        if (boundary.Length == 0)
        {
            await GcsJson.ErrorAsync(
                context, 400, "invalid", "The Content-Type of a multipart upload must name its boundary.");
            return;
        }

        try
        {
            var parts = new MultipartReader(boundary, context.Request.Body);
            var first = await parts.ReadNextSectionAsync(context.RequestAborted);
            var resource = first is null ? [] : await ReadAsync(first.Body, context.RequestAborted);
            var media = await parts.ReadNextSectionAsync(context.RequestAborted);
            var fault = "A multipart upload has two parts: the object resource and the media.";
            if (media is null
                || GcsUploadRequest.Read(context.Request, resource, media.ContentType, out fault) is not { } request)
            {
                await GcsJson.ErrorAsync(context, 400, "invalid", fault);
                return;
            }

            using var upload = store.BeginUpload();
            await upload.AppendAsync(media.Body, null, context.RequestAborted);
            await FinishAsync(context, bucket, request, upload);
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            await GcsJson.ErrorAsync(context, 400, "invalid", "The multipart body is malformed.");
        }
    }

    private async Task StartAsync(HttpContext context, string bucket)
    {
        var type = context.Request.Headers["X-Upload-Content-Type"].ToString();
        var resource = await ReadResourceAsync(context);
        if (GcsUploadRequest.Read(context.Request, resource, type.Length > 0 ? type : null, out var fault)
            is not { } request)
        {
            await GcsJson.ErrorAsync(context, 400, "invalid", fault);
            return;
        }

        var id = _sessions.Add(request, store.BeginUpload());
        context.Response.Headers["X-GUploader-UploadID"] = id;
        context.Response.Headers.Location =
            $"{context.Request.Scheme}://{context.Request.Host}{context.Request.PathBase}{context.Request.Path}"
            + $"?uploadType=resumable&name={Uri.EscapeDataString(request.Name)}&upload_id={id}";
    }

    private async Task ContinueAsync(HttpContext context, string bucket, string id)
    {
        if (_sessions.Take(id) is not { } session)
        {
            await GcsJson.ErrorAsync(context, 404, "notFound", $"There is no upload '{id}'.");
            return;
        }

        var (request, upload) = session;
        var keep = true;
        try
        {
            var total = await AppendAsync(context, upload);
            if (total == upload.Bytes)
            {
                keep = false;
                await FinishAsync(context, bucket, request.WithHashesOf(context.Request), upload);
            }
            else if (total is not null)
            {
                context.Response.StatusCode = 308;
                if (upload.Bytes > 0)
                    context.Response.Headers.Range = $"bytes=0-{upload.Bytes - 1}";
            }
            else
            {
                var message = $"Invalid Content-Range: {upload.Bytes} bytes have arrived so far.";
                await GcsJson.ErrorAsync(context, 400, "invalid", message);
            }
        }
        finally
        {
            // Keep the upload after a cut connection too: the client asks how much arrived and sends the rest.
            if (keep)
                _sessions.Return(id, request, upload);
            else
                upload.Dispose();
        }
    }

    /// <summary>Appends the bytes of one PUT.</summary>
    /// <returns>
    /// The total size, -1 while it is unknown, or null for a Content-Range that does not continue the upload.
    /// </returns>
    private static async Task<long?> AppendAsync(HttpContext context, ObjectUpload upload)
    {
        long total = -1;
        if (context.Request.Headers.ContentRange.ToString() is { Length: > 0 } text)
        {
            // 'bytes */*' asks how much has arrived. The parser rejects it because the header's grammar does not allow
            // it.
            if (text == "bytes */*")
                return -1;
            if (!ContentRangeHeaderValue.TryParse(text, out var range) || (range.From ?? upload.Bytes) != upload.Bytes)
                return null;
            total = range.Length ?? -1;
            if (range.From is null)
                return total;
            await upload.AppendAsync(context.Request.Body, null, context.RequestAborted);
            return total;
        }

        await upload.AppendAsync(context.Request.Body, null, context.RequestAborted);
        return upload.Bytes;
    }

    private async Task FinishAsync(HttpContext context, string bucket, GcsUploadRequest request, ObjectUpload upload)
    {
        if (request.Mismatch(upload) is { } mismatch)
            await GcsJson.ErrorAsync(context, 400, "invalid", mismatch);
        else if (await store.CommitAsync(upload, bucket, request.Name, request.Traits, request.Conditions.Allow)
            is { } item)
            await GcsJson.WriteAsync(context, GcsJson.Object(context, item));
        else
            await GcsJson.ConditionAsync(context);
    }

    /// <summary>Reads the object resource that starts an upload. Google's clients send it gzipped.</summary>
    private static async Task<byte[]> ReadResourceAsync(HttpContext context)
    {
        if (context.Request.Headers.ContentEncoding != "gzip")
            return await ReadAsync(context.Request.Body, context.RequestAborted);
        await using var unzipped = new GZipStream(context.Request.Body, CompressionMode.Decompress);
        try
        {
            return await ReadAsync(unzipped, context.RequestAborted);
        }
        catch (InvalidDataException)
        {
            return "not gzip"u8.ToArray();
        }
    }

    private static async Task<byte[]> ReadAsync(Stream body, CancellationToken cancellationToken)
    {
        var buffer = new byte[MaxResourceBytes];
        var read = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        return buffer[..read];
    }
}

using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace Pipeline.Emulator.Buckets.S3;

/// <summary>
/// Answers PUT of an S3 object: decodes the body, verifies every checksum sent with it, then makes the object visible.
/// </summary>
internal static partial class S3Upload
{
    private const string DefaultContentType = "binary/octet-stream";

    public static async Task HandleAsync(HttpContext context, BucketStore store, string bucket, string key)
    {
        context.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize = null;
        var headers = context.Request.Headers;
        using var checksum = ChecksumOf(headers, out var checksumHeader);
        using var sha256 = Sha256Hex().IsMatch(headers["x-amz-content-sha256"].ToString())
            ? ContentChecksum.For("x-amz-checksum-sha256")
            : null;
        using var upload = store.BeginUpload();
        var chunked = IsChunked(headers) ? new AwsChunkedStream(context.Request.Body) : null;
        try
        {
            await upload.AppendAsync(
                chunked ?? context.Request.Body, new Both(checksum, sha256), context.RequestAborted);
        }
        catch (Exception error) when (error is InvalidDataException || MalformedBody.Is(error))
        {
            await S3ErrorReply.IncompleteBody.WriteAsync(context);
            return;
        }

        var stated = checksumHeader is null ? null : StatedChecksum(checksumHeader, headers, chunked);
        var mismatch = Verify(headers, upload, sha256) ?? VerifyChecksum(checksumHeader, stated, checksum);
        if (mismatch is not null)
        {
            await mismatch.WriteAsync(context);
            return;
        }

        var traits = new ObjectTraits(
            headers.ContentType.ToString() is { Length: > 0 } type ? type : DefaultContentType)
        {
            ContentEncoding = EncodingOf(headers.ContentEncoding),
            Metadata = MetadataOf(headers),
            ChecksumHeader = checksumHeader,
            Checksum = stated,
        };
        await CommitAsync(context, store, upload, bucket, key, traits);
    }

    /// <summary>The checksum that the client sent, in a header or in a trailer.</summary>
    private static string? StatedChecksum(string name, IHeaderDictionary headers, AwsChunkedStream? chunked) =>
        headers.TryGetValue(name, out var value) ? value.ToString() : chunked?.Trailers.GetValueOrDefault(name);

    private static async Task CommitAsync(
        HttpContext context, BucketStore store, ObjectUpload upload, string bucket, string key, ObjectTraits traits)
    {
        var headers = context.Request.Headers;
        S3ErrorReply? refusal = null;
        var item = await store.CommitAsync(upload, bucket, key, traits, current =>
        {
            if (headers.IfNoneMatch == "*" && current is not null)
                refusal = S3ErrorReply.PreconditionFailed;
            else if (headers.IfMatch.Count > 0)
                refusal = current is null
                    ? S3ErrorReply.NoSuchKey
                    : S3Objects.Matches(headers.IfMatch, current)
                    ? null
                    : S3ErrorReply.PreconditionFailed;
            return refusal is null;
        });
        if (item is null)
        {
            await refusal!.WriteAsync(context);
            return;
        }

        context.Response.Headers.ETag = item.ETag;
        if (traits.ChecksumHeader is not null)
        {
            context.Response.Headers[traits.ChecksumHeader] = traits.Checksum;
            context.Response.Headers["x-amz-checksum-type"] = "FULL_OBJECT";
        }
    }

    private static S3ErrorReply? Verify(IHeaderDictionary headers, ObjectUpload upload, ContentChecksum? sha256)
    {
        if (headers["x-amz-decoded-content-length"].ToString() is { Length: > 0 } length
            && length != upload.Bytes.ToString())
            return S3ErrorReply.IncompleteBody;
        if (sha256 is not null
            && !headers["x-amz-content-sha256"].ToString().Equals(
                Convert.ToHexString(sha256.Finish()), StringComparison.OrdinalIgnoreCase))
            return S3ErrorReply.Sha256Mismatch;
        if (headers.ContentMD5.Count == 0)
            return null;
        var md5 = new byte[16];
        if (!Convert.TryFromBase64String(headers.ContentMD5.ToString(), md5, out var bytes) || bytes != md5.Length)
            return S3ErrorReply.InvalidDigest;
        return md5.AsSpan().SequenceEqual(upload.Md5()) ? null : S3ErrorReply.BadDigest("Content-MD5");
    }

    private static S3ErrorReply? VerifyChecksum(string? header, string? stated, ContentChecksum? checksum)
    {
        if (header is null)
            return null;
        if (checksum is null)
            return S3ErrorReply.InvalidArgument($"The checksum '{header}' is not supported.");
        if (string.IsNullOrEmpty(stated))
            return S3ErrorReply.MalformedTrailer;
        return Convert.ToBase64String(checksum.Finish()) == stated
            ? null
            : S3ErrorReply.BadDigest(header[ContentChecksum.HeaderPrefix.Length..].ToUpperInvariant());
    }

    private static ContentChecksum? ChecksumOf(IHeaderDictionary headers, out string? header)
    {
        header = headers.Keys.Append(headers["x-amz-trailer"].ToString())
            .Select(name => name.Trim().ToLowerInvariant())
            .FirstOrDefault(name => name.StartsWith(ContentChecksum.HeaderPrefix, StringComparison.Ordinal)
                && name is not ("x-amz-checksum-algorithm" or "x-amz-checksum-type" or "x-amz-checksum-mode"));
        return header is null ? null : ContentChecksum.For(header);
    }

    private static bool IsChunked(IHeaderDictionary headers) =>
        headers["x-amz-content-sha256"].ToString().StartsWith("STREAMING-", StringComparison.Ordinal)
        || headers.ContentEncoding.ToString().Contains("aws-chunked", StringComparison.OrdinalIgnoreCase);

    private static string? EncodingOf(StringValues header)
    {
        var encodings = header.ToString().Split(
            ',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Where(e => !e.Equals("aws-chunked", StringComparison.OrdinalIgnoreCase));
        return string.Join(", ", encodings) is { Length: > 0 } rest ? rest : null;
    }

    private static Dictionary<string, string>? MetadataOf(IHeaderDictionary headers)
    {
        var metadata = headers.Where(
            h => h.Key.StartsWith(S3Objects.MetadataPrefix, StringComparison.OrdinalIgnoreCase))
            .ToDictionary(h => h.Key[S3Objects.MetadataPrefix.Length..].ToLowerInvariant(), h => h.Value.ToString());
        return metadata.Count == 0 ? null : metadata;
    }

    [GeneratedRegex("^[0-9a-fA-F]{64}$")]
    private static partial Regex Sha256Hex();

    private sealed class Both(ContentChecksum? first, ContentChecksum? second) : ContentChecksum
    {
        public override void Append(ReadOnlySpan<byte> bytes)
        {
            first?.Append(bytes);
            second?.Append(bytes);
        }

        public override byte[] Finish() => throw new NotSupportedException();
    }
}

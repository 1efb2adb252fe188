using System.IO.Hashing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace Pipeline.Benchmarks;

/// <summary>
/// Answers every request with one object and the headers of S3 and GCS. It runs in its own process, so that its
/// processor time does not count as ours, and ends when its standard input closes.
/// </summary>
internal static class ObjectServer
{
    public static async Task<int> RunAsync(string path)
    {
        var document = await File.ReadAllBytesAsync(path);
        var crc = new byte[4];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(
            crc, Crc32.HashToUInt32(Crc32ParameterSet.Crc32C, document));
        var checksum = Convert.ToBase64String(crc);
        // The checksum of a blob, which only shows accidental damage.
#pragma warning disable CA5351
        var md5 = Convert.ToBase64String(System.Security.Cryptography.MD5.HashData(document));
#pragma warning restore CA5351
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        await using var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        app.Run(async context =>
        {
            var headers = context.Response.Headers;
            headers.ContentLength = document.Length;
            headers.ETag = "\"0123456789abcdef0123456789abcdef-1\"";
            headers["x-amz-request-id"] = "4442587FB7D0A2F9";
            headers["x-amz-checksum-crc32c"] = checksum;
            headers["x-amz-checksum-type"] = "FULL_OBJECT";
            headers.LastModified = "Thu, 01 Jan 2026 00:00:00 GMT";
            headers["x-ms-version"] = "2023-11-03";
            headers["x-ms-blob-type"] = "BlockBlob";
            headers.ContentMD5 = md5;
            headers["x-goog-generation"] = "1725000000000000";
            headers["x-goog-hash"] = $"crc32c={checksum}";
            headers["x-goog-stored-content-length"] = document.Length.ToString(
                System.Globalization.CultureInfo.InvariantCulture);
            await context.Response.Body.WriteAsync(document);
        });
        await app.StartAsync();
        Console.WriteLine(app.Urls.First() + "/");
        await Console.In.ReadToEndAsync();
        return 0;
    }
}

using System.Text;
using System.Text.Json;

#pragma warning disable IDE0130, SA1402, CA1822, CA1032, CA1852, CA1064
namespace Pipeline.Emulator.Pages
{
    internal sealed record FetchedPage(Uri FinalUrl, int StatusCode, string? ContentType, byte[] Body);

    internal sealed class PageFetchException(string errorType, string message) : Exception(message)
    {
        public string ErrorType { get; } = errorType;
    }

    internal sealed class PageFetcher(HttpClient http)
    {
        public static HttpClient CreateClient(Func<Uri?> ownAddress) => new();

        public async Task<FetchedPage> FetchAsync(Uri url, CancellationToken ct)
        {
            try
            {
                using var response = await http.GetAsync(url, ct);
                return new(response.RequestMessage!.RequestUri!, (int)response.StatusCode, response.Content.Headers.ContentType?.ToString(), await response.Content.ReadAsByteArrayAsync(ct));
            }
            catch (HttpRequestException error)
            {
                throw new PageFetchException("connection_error", error.Message);
            }
        }
    }

    internal static class PageContent
    {
        public static void WriteData(Utf8JsonWriter writer, FetchedPage page, IReadOnlySet<string> formats, bool parse)
        {
            foreach (var format in formats)
                writer.WriteString(format, page.Body);
            if (parse)
                writer.WriteStartObject("parsing");
            if (parse)
                writer.WriteEndObject();
        }
    }
}

namespace Pipeline.Emulator.Buckets
{
    internal sealed class BucketStore(string folder)
    {
        public void EnsureBucket(string name) => Directory.CreateDirectory(Path.Combine(folder, name));

        public string PathOf(string bucket, string key) => Path.Combine(folder, bucket, Convert.ToHexString(Encoding.UTF8.GetBytes(key)));
    }

    internal static class BucketEndpoints
    {
        public static void MapBuckets(this IEndpointRouteBuilder app, BucketStore store)
        {
            app.MapPut("/s3/{bucket}/{**key}", c => Put(c, store, (string)c.GetRouteValue("bucket")!, (string)c.GetRouteValue("key")!));
            app.MapGet("/s3/{bucket}/{**key}", c => Get(c, store, (string)c.GetRouteValue("bucket")!, (string)c.GetRouteValue("key")!));
            app.MapGet("/gcs/storage/v1/b/{bucket}/o/{**key}", c => Get(c, store, (string)c.GetRouteValue("bucket")!, Uri.UnescapeDataString((string)c.GetRouteValue("key")!)));
            app.MapPost("/gcs/upload/storage/v1/b/{bucket}/o", c => Put(c, store, (string)c.GetRouteValue("bucket")!, c.Request.Query["name"]!));
        }

        private static async Task Put(HttpContext context, BucketStore store, string bucket, string key)
        {
            var path = store.PathOf(bucket, key);
            await using (var file = File.Create(path + ".tmp"))
                await context.Request.Body.CopyToAsync(file);
            File.Move(path + ".tmp", path, overwrite: true);
            if (context.Request.Method == "POST")
                await context.Response.WriteAsync("{}");
        }

        private static Task Get(HttpContext context, BucketStore store, string bucket, string key)
        {
            var path = store.PathOf(bucket, key);
            context.Response.StatusCode = File.Exists(path) ? 200 : 404;
            return File.Exists(path) ? context.Response.SendFileAsync(path) : Task.CompletedTask;
        }
    }
}

namespace Pipeline.Emulator.Sample
{
    internal static class SampleSite
    {
        public static IReadOnlyList<string> Urls { get; } = ["http://sample.test/sample/"];

        public static void MapSampleSite(this IEndpointRouteBuilder app) => app.MapGet("/sample/", c => c.Response.WriteAsync("<html><body>Sample</body></html>"));
    }
}

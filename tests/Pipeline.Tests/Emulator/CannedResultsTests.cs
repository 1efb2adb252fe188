using System.IO.Compression;
using System.Text.Json;
using Pipeline.Emulator.Sample;
using Pipeline.Emulator.Store;
using Pipeline.Emulator.Work.Results;

namespace Pipeline.Tests.Emulator;

public sealed class CannedResultsTests
{
    [Theory]
    [InlineData(GeneratedPage.MinBytes, """{"url":"https://example.com/\"html\":\"\""}""")]
    [InlineData(30_000, """{"url":"https://example.com/ä","formats":["html"],"tag":"a \"tag\""}""")]
    [InlineData(200_000, """{"url":"https://example.com/","formats":["html","markdown"],"parse":true}""")]
    [InlineData(2_000_000, """{"url":"https://example.com/"}""")]
    public void TheGzipDecompressesToTheDocument(int bytes, string input)
    {
        var canned = new CannedResults(bytes);
        for (var seq = 1; seq <= 3; seq++)
        {
            var task = new TaskRow
            {
                Seq = seq,
                Id = $"t-{seq}",
                Input = input,
                Delivery = new(),
                Faults = new(),
                State = TaskState.Success,
                CreatedAt = DateTimeOffset.UnixEpoch,
            };
            var document = canned.Open(task).ToArray();
            using var unpacked = new MemoryStream();
            using (var gzip = new GZipStream(canned.OpenGzip(task), CompressionMode.Decompress))
                gzip.CopyTo(unpacked);
            Assert.Equal(document, unpacked.ToArray());
            var root = JsonElement.Parse(document);
            Assert.Equal(JsonElement.Parse(input).GetProperty("url").GetString(), root.GetProperty("url").GetString());
            Assert.Equal($"t-{seq}", root.GetProperty("task_id").GetString());
            Assert.Equal(bytes, root.GetProperty("data").GetProperty("html").GetString()!.Length);
        }
    }
}

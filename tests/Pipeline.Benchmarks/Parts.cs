using System.Text;
using System.Text.Json;
using Amazon.Runtime;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Pipeline.Callback;
using Pipeline.Delivery;
using Pipeline.Intake.Reading;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Stores.S3;
using Pipeline.Submit.Evidence;

namespace Pipeline.Benchmarks;

/// <summary>Measures each part of the work per URL, without network and stores.</summary>
[MemoryDiagnoser]
public class Parts
{
    private const string Submission = "list-000000";
    private const int DocumentBytes = 30_000;
    private const int Inputs = 1000;

    private readonly S3Signer _signer = new("us-east-1");
    private readonly ImmutableCredentials _credentials = new("key", "secret", null);
    private readonly byte[] _webhook = Encoding.UTF8.GetBytes(
        """{"status":"success","task":"""
            + """{"id":"t-1","state":"success","status_url":"https://api.example.com/v1/tasks/t-1"}}""");
    private readonly JsonElement _echo = JsonElement.Parse($$"""{"url":"{{Url(Inputs / 2)}}"}""");
    private readonly byte[] _list = Encoding.UTF8.GetBytes(string.Join('\n', Enumerable.Range(0, Inputs).Select(Url)));
    private readonly byte[] _document;
    private readonly CallbackTokens _tokens;
    private readonly TaskMatcher _matcher;
    private readonly string _token;

    /// <summary>Prepares the data that the parts work on.</summary>
    public Parts()
    {
        using var document = new MemoryStream();
        Corpus.Write(document, 0, DocumentBytes);
        _document = document.ToArray();
        var options = new PipelineOptions();
        options.Delivery.CallbackBase = new("https://hooks.example.com");
        options.Delivery.CallbackKeys.Add(Convert.ToBase64String(new byte[32]));
        _tokens = new(Microsoft.Extensions.Options.Options.Create(options));
        _token = _tokens.UrlFor(Submission)!.Segments[^1];
        _matcher = new(
            new()
            {
                SubmissionId = Submission,
                ListId = "list",
                Sequence = 0,
                State = SubmissionState.Accepted,
                Count = Inputs,
            },
            [
                .. Enumerable.Range(0, Inputs).Select(
                    i =>
                        new InputEntry
                        {
                            SubmissionId = Submission,
                            Ordinal = i,
                            Id = $"{i:x32}",
                            Url = Url(i),
                            Input = $$"""{"url":"{{Url(i)}}"}""",
                            Line = i,
                        })]);
    }

    /// <summary>Runs all parts and prints a table.</summary>
    /// <param name="folder">Folder for the reports.</param>
    public static void Run(string folder) => BenchmarkRunner.Run<Parts>(
        DefaultConfig.Instance.AddJob(
            Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance)).WithArtifactsPath(folder));

    [Benchmark]
    public Task UnpackBare() => Rows.GunzipAsync(new MemoryStream(_document));

    [Benchmark]
    public Task UnpackVerifyNormalize() => Rows.NormalizeAsync(new MemoryStream(_document), Stream.Null);

    [Benchmark]
    public void SignARead()
    {
        using var request = new HttpRequestMessage(
            HttpMethod.Get, "https://bucket.s3.amazonaws.com/list/list-000000/t-1.json.gz");
        _signer.Sign(request, _credentials, DateTimeOffset.UnixEpoch);
    }

    [Benchmark]
    public bool VerifyAToken() => _tokens.Verify(Submission, _token);

    [Benchmark]
    public int ReadAWebhook() => CallbackBody.ReadTaskIds(_webhook)!.Count;

    [Benchmark]
    public int? MatchATask() => _matcher.Match(_echo);

    [Benchmark]
    public async Task<int> ReadAListOfAThousand()
    {
        await using var list = await ListReader.OpenAsync(
            ListSource.Of(_list), new() { MaxItemBytes = 1 << 20 }, CancellationToken.None);
        return await list.ReadAsync(CancellationToken.None).CountAsync();
    }

    private static string Url(int i) => $"https://www.example.com/{i}";
}

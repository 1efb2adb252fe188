using System.Diagnostics;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;
using Pipeline.Benchmarks;

return args switch
{
    ["corpus", var folder, var count] => await WriteCorpusAsync(folder, int.Parse(count)),
    ["normalize", var folder] => await NormalizeFolderAsync(folder),
    ["compare", var count, var rounds] => await CompareAsync(int.Parse(count), int.Parse(rounds)),
    ["large", var megabytes] => await LargeAsync(int.Parse(megabytes)),
    ["serve"] => await ServeAsync(),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("Usage: corpus FOLDER COUNT | normalize FOLDER | compare DOCUMENTS ROUNDS | large MEGABYTES | serve. 'bench/all' runs them.");
    return 2;
}

static async Task<int> WriteCorpusAsync(string folder, int count)
{
    Directory.CreateDirectory(folder);
    for (var n = 0; n < count; n++)
        await File.WriteAllBytesAsync(Path.Combine(folder, $"{n:D6}.json.gz"), Corpus.Make(n, 1)[0]);
    return 0;
}

static async Task<int> NormalizeFolderAsync(string folder)
{
    await using var output = Console.OpenStandardOutput();
    foreach (var path in Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal))
        await new Rows([await File.ReadAllBytesAsync(path)]).NormalizeAllAsync(output);
    return 0;
}

static async Task<int> CompareAsync(int count, int rounds)
{
    var corpus = Corpus.Make(0, count);
    var rows = new Rows(corpus);
    Print("normalize / bare gunzip", count, await Paired.RunAsync(rounds, () => rows.NormalizeAllAsync(Stream.Null), rows.GunzipAllAsync));
    Print("normalize / JsonDocument", count, await Paired.RunAsync(rounds, () => rows.NormalizeAllAsync(Stream.Null), rows.ParseAllAsync));
    using var server = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, "serve") { RedirectStandardOutput = true, RedirectStandardInput = true })!;
    var endpoint = new Uri((await server.StandardOutput.ReadLineAsync())!);
    Print("S3 read + normalize / bare HttpClient", count, await Paired.RunAsync(rounds, () => rows.ReadByStoreAsync(endpoint, count), () => rows.ReadByHttpClientAsync(endpoint, count)));
    Print("S3 read + normalize / SDK GetObject", count, await Paired.RunAsync(rounds, () => rows.ReadByStoreAsync(endpoint, count), () => rows.ReadBySdkAsync(endpoint, count)));
    server.StandardInput.Close();
    await server.WaitForExitAsync();
    return 0;
}

static async Task<int> LargeAsync(int megabytes)
{
    var rows = new Rows([Corpus.Document(0, megabytes * 1_000_000)]);
    GC.Collect();
    var start = Stopwatch.GetTimestamp();
    await rows.NormalizeAllAsync(Stream.Null);
    using var process = Process.GetCurrentProcess();
    Console.WriteLine($"| one document of {megabytes} M characters | {Stopwatch.GetElapsedTime(start).TotalSeconds:0.00} s | | | {GC.GetTotalMemory(forceFullCollection: false) >> 20} MiB held |");
    return 0;
}

// Another process, so that its processor time is not ours. It ends with its standard input.
static async Task<int> ServeAsync()
{
    var document = Corpus.Document(1, 250_000);
#pragma warning disable CA5351 // The ETag of S3 is an MD5.
    var etag = $"\"{Convert.ToHexStringLower(MD5.HashData(document))}\"";
#pragma warning restore CA5351
    var builder = WebApplication.CreateSlimBuilder();
    builder.Logging.ClearProviders();
    await using var app = builder.Build();
    app.Urls.Add("http://127.0.0.1:0");
    app.Run(async context =>
    {
        context.Response.ContentLength = document.Length;
        context.Response.Headers.ETag = etag;
        await context.Response.Body.WriteAsync(document);
    });
    await app.StartAsync();
    Console.WriteLine(app.Urls.First() + "/");
    await Console.In.ReadToEndAsync();
    return 0;
}

static void Print(string name, int count, Comparison c) =>
    Console.WriteLine($"| {name} | {c.OurSeconds * 1e6 / count:0} | {c.TheirSeconds * 1e6 / count:0} | {c.Ratio:0.00} | {c.OurGarbage / count / 1024:0.0} |");

using System.Diagnostics;
using Pipeline.Benchmarks;

return args switch
{
    ["corpus", var folder, var count] => await WriteCorpusAsync(folder, int.Parse(count)),
    ["document", var path, var megabytes] => WriteDocument(path, long.Parse(megabytes) * 1_000_000),
    ["normalize", var folder] => await NormalizeFolderAsync(folder),
    ["compare", var folder, var rounds] => await CompareAsync(folder, int.Parse(rounds)),
    ["size", var folder, var path, var rounds] => await SizeAsync(folder, path, int.Parse(rounds)),
    ["repeat", var folder, var rounds] => await RepeatAsync(folder, int.Parse(rounds)),
    ["read", var path, var slices, var rounds] => await ReadAsync(path, int.Parse(slices), int.Parse(rounds)),
    ["large", var path, var copies] => await LargeAsync(path, int.Parse(copies)),
    ["parts", var folder] => Parts(folder),
    ["export", var folder, var path] => await ExportAsync(folder, path),
    ["duckdb", var sql] => RunDuckDb(sql),
    ["rate", var api, var store] => await Rate.RunAsync(new(api), store),
    ["serve", var path] => await ObjectServer.RunAsync(path),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine(
        "Usage: corpus FOLDER COUNT | document FILE MEGABYTES | normalize FOLDER | compare FOLDER ROUNDS | size FOLDER "
            + "FILE ROUNDS | repeat FOLDER ROUNDS | read FILE SLICES ROUNDS | large FILE COPIES | serve FILE "
            + "| export FOLDER FILE | duckdb SQL; 'bench/all' runs those. parts FOLDER: each part of the work per URL "
            + "by itself. rate API FOLDER|CONNECTION: one of the workers of 'bench/rate'.");
    return 2;
}

static async Task<int> WriteCorpusAsync(string folder, int count)
{
    Directory.CreateDirectory(folder);
    await Parallel.ForAsync(0, count, (n, _) =>
    {
        WriteDocument(Path.Combine(folder, $"{n:D6}.json.gz"), bytes: null, n);
        return ValueTask.CompletedTask;
    });
    return 0;
}

static int WriteDocument(string path, long? bytes, int n = 0)
{
    using var file = File.Create(path);
    Corpus.Write(file, n, bytes);
    return 0;
}

static async Task<int> NormalizeFolderAsync(string folder)
{
    await using var output = Console.OpenStandardOutput();
    foreach (var path in Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal))
    {
        await using var stored = File.OpenRead(path);
        await Rows.NormalizeAsync(stored, output);
        output.WriteByte((byte)'\n');
    }

    return 0;
}

static async Task<int> CompareAsync(string folder, int rounds)
{
    var corpus = Load(folder);
    var rows = new Rows(corpus);
    Print(
        "bare GZipStream", corpus.Length,
        await Paired.RunAsync(rounds, rows.Slices, rows.NormalizeAsync, rows.GunzipAsync), goal: 0.60);
    Print(
        "JsonDocument", corpus.Length,
        await Paired.RunAsync(Math.Max(1, rounds / 2), rows.Slices, rows.NormalizeAsync, rows.ParseAsync), goal: 4);
    return 0;
}

// Compares the documents of the folder, repeated, with one document of the same total size.
static async Task<int> SizeAsync(string folder, string path, int rounds)
{
    var (small, large) = (new Rows(Load(folder)), new Rows([File.ReadAllBytes(path)]));
    var times = Math.Max(1, (int)(large.ExpandedBytes / small.ExpandedBytes));
    var result = await Paired.RunAsync(rounds, 1, large.NormalizeAsync, async _ =>
    {
        for (var i = 0; i < times * small.Slices; i++)
            await small.NormalizeAsync(i % small.Slices);
    });
    var share = (double)times * small.ExpandedBytes / large.ExpandedBytes;
    var byClock = 1 / (result.ClockRatio * share);
    Console.WriteLine(
        $"| {result.OurSeconds * 1e9 / large.ExpandedBytes:0.00} "
        + $"| {result.TheirSeconds * 1e9 / times / small.ExpandedBytes:0.00} "
        + $"| {1 / (result.Ratio * share):0.00} | {byClock:0.00} | {Verdict(byClock, 1)} |");
    return 0;
}

static async Task<int> ExportAsync(string folder, string path)
{
    await ExportRows.NormalizeAndExportAsync(folder, path);
    return 0;
}

static int RunDuckDb(string sql)
{
    ExportRows.RunDuckDb(sql);
    return 0;
}

static int Parts(string folder)
{
    Pipeline.Benchmarks.Parts.Run(folder);
    return 0;
}

// Repeats the work for a profiler.
static async Task<int> RepeatAsync(string folder, int rounds)
{
    var rows = new Rows(Load(folder));
    for (var i = 0; i < rounds * rows.Slices; i++)
        await rows.NormalizeAsync(i % rows.Slices);
    return 0;
}

static byte[][] Load(string folder) =>
    [.. Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];

static async Task<int> ReadAsync(string path, int slices, int rounds)
{
    using var server = Process.Start(
        new ProcessStartInfo(Environment.ProcessPath!, ["serve", path])
        {
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
        })!;
    using var rows = new ReadRows(new Uri((await server.StandardOutput.ReadLineAsync())!));
    var count = slices * ReadRows.SliceReads;
    Print(
        "S3 / bare HttpClient", count, await Paired.RunAsync(rounds, slices, rows.ReadS3Async, rows.ReadBareAsync),
        goal: 0.90);
    Print(
        "GCS / bare HttpClient", count, await Paired.RunAsync(rounds, slices, rows.ReadGcsAsync, rows.ReadBareAsync),
        goal: 0.95);
    var azure = await Paired.RunAsync(rounds, slices, rows.ReadAzureAsync, rows.ReadAzureSdkAsync);
    Print("Azure Blob / SDK DownloadStreaming", count, azure, goal: 1);
    Print(
        "S3 / SDK GetObject", count, await Paired.RunAsync(rounds, slices, rows.ReadS3Async, rows.ReadSdkAsync),
        goal: 1);
    server.StandardInput.Close();
    await server.WaitForExitAsync();
    return 0;
}

// Measures the peak memory of the whole process, so it does nothing else.
static async Task<int> LargeAsync(string path, int copies)
{
    var start = Environment.CpuUsage.TotalTime;
    await Task.WhenAll(Enumerable.Range(0, copies).Select(_ => Task.Run(async () =>
    {
        await using var stored = File.OpenRead(path);
        await Rows.NormalizeAsync(stored, Stream.Null);
    })));
    var peak = File.ReadLines("/proc/self/status")
        .First(line => line.StartsWith("VmHWM", StringComparison.Ordinal))
        .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
    Console.WriteLine($"{(Environment.CpuUsage.TotalTime - start).TotalSeconds:0.000} {long.Parse(peak) / 1024.0:0.0}");
    return 0;
}

static void Print(string name, int count, Comparison c, double goal) => Console.WriteLine(
    $"| {name} | {c.OurSeconds * 1e6 / count:0} | {c.TheirSeconds * 1e6 / count:0} | {c.Ratio:0.000} "
    + $"| {1 / c.Ratio:0.00} | {c.OurGarbage / count / 1024:0.00} | {Verdict(1 / c.Ratio, goal)} |");

static string Verdict(double value, double goal) => $"{goal:0.00}, {(value >= goal ? "met" : "**not met**")}";

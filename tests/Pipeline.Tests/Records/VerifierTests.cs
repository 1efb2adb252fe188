using System.Text.Json;
using System.Text.Json.Nodes;
using Pipeline.Cli;
using Pipeline.Records;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Records;

/// <summary><c>pipeline verify</c> finds every fault and names its place.</summary>
[Trait("Promise", "1")]
public sealed class VerifierTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ResultsAsTheyWereWrittenAreAllRight()
    {
        using var folder = new ResultFolder();

        var report = await folder.VerifyAsync();

        Assert.True(report.Ok, string.Join('\n', report.Problems));
        Assert.Equal((2, 7, 7, 2), (report.Lists, report.Records, report.ContentsVerified, report.Failures));
        Assert.Equal(1, (await folder.VerifyAsync("second")).Records);
    }

    [Theory]
    [InlineData("file:///else%23where/1%3F/100%25/a%20b/")]
    [InlineData("file:///else#where/1?/100%/a b/")]
    [InlineData("/else#where/1?/100%/a b/")]
    public async Task AFolderWithAnyNameIsVerified(string address)
    {
        using var folder = new ResultFolder();
        File.WriteAllText(
            folder.ManifestFile,
            File.ReadAllText(folder.ManifestFile).Replace("file:///elsewhere/", address, StringComparison.Ordinal));

        var report = await folder.VerifyAsync();

        Assert.True(report.Ok, string.Join('\n', report.Problems));
        Assert.Equal((2, 7, 7, 2), (report.Lists, report.Records, report.ContentsVerified, report.Failures));
    }

    [Fact]
    public async Task AChangedContentIsNamedByFileLineAndByte()
    {
        using var folder = new ResultFolder();
        var lines = folder.Lines;
        folder.WriteLines(lines.Select((line, i) => i == 3 ? line.Replace("003Epage", "003Eedge") : line));

        var problem = (await folder.VerifyAsync()).Problems[0];

        Assert.Equal(("damaged", RecordLine.Id(3)), (problem.Kind, problem.Id));
        Assert.Equal((folder.RecordsFile, 4), (problem.File, problem.Line));
        Assert.Equal(lines.Take(3).Sum(line => line.Length + 1), problem.Offset);
    }

    [Theory]
    [InlineData("a record is gone", "count: list list: records: 6 expected, 5 found")]
    [InlineData("a record is there twice", "duplicate_id: RECORDS, line 8: id ID2 is also in RECORDS, line 3")]
    [InlineData("a record of a failure", "duplicate_id: FAILURES, line 1: id ID2000 is also in RECORDS, line 8")]
    [InlineData("a failure is gone", "count: list list: failures with reason empty_result: 1 expected, 0 found")]
    [InlineData("a failure is no JSON", "invalid: FAILURES, line 3 (byte 673): the line is not a pipeline.failure/1")]
    [InlineData("the file is cut", "damaged: RECORDS, line 7 (byte 2922): it ends inside a record")]
    [InlineData("a byte outside of the content", "digest: RECORDS: the first")]
    [InlineData("no manifest", "missing: MANIFEST: there is none")]
    [InlineData("no records", "missing: RECORDS: the file of records is missing")]
    [InlineData("an id that is none", "invalid: RECORDS, line 1 (byte 0): 'x' is not an id of 32 hex digits")]
    [InlineData("a list without manifest", "missing: list third: the list has no manifest here, but records: 1")]
    [InlineData("inputs", "count: MANIFEST: records + failures of the manifest: 9 expected, 8 found")]
    [InlineData("sums", "count: MANIFEST: records of all lists: 7 expected, 8 found")]
    [InlineData("submission", "count: list list: records of submission sub-1: 6 expected, 0 found")]
    [InlineData("manifest is no JSON", "invalid: MANIFEST: it is not a pipeline.manifest/1")]
    [InlineData("a list is null", "invalid: MANIFEST: it is not a pipeline.manifest/1: a list is null")]
    [InlineData("a submission is null", "invalid: MANIFEST: it is not a pipeline.manifest/1: a submission is null")]
    [InlineData("negative bytes", "count: RECORDS: bytes: -1 expected, 3426 found")]
    [InlineData("a failure without end", "too_large: FAILURES, line 2 (byte 336): the line has more than ")]
    public async Task WhateverIsWrongIsFound(string what, string expected)
    {
        using var folder = new ResultFolder();
        Spoil(folder, what);

        var report = await folder.VerifyAsync();

        var lines = report.Problems.Select(
            problem => problem.ToString()
                .Replace(RecordLine.Id(2), "ID2", StringComparison.Ordinal)
                .Replace(RecordLine.Id(2000), "ID2000", StringComparison.Ordinal)
                .Replace(folder.RecordsFile, "RECORDS", StringComparison.Ordinal)
                .Replace(folder.FailuresFile, "FAILURES", StringComparison.Ordinal)
                .Replace(folder.ManifestFile, "MANIFEST", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith(expected, StringComparison.Ordinal));
        Assert.False(report.Ok);
    }

    [Fact]
    public void AnIdThatOccursTwiceIsFoundAmongManyInBoundedMemory()
    {
        using var folder = new TempFolder();
        using var ids = new IdIndex(folder.Path, runLength: 1000);
        var random = new Random(3);
        foreach (var number in Enumerable.Range(0, 30_000).OrderBy(_ => random.Next()).Append(17).Prepend(29_999))
            Assert.True(ids.Add(RecordLine.Id(number), file: 0, line: number));

        Assert.Equal(
            [RecordLine.Id(17), RecordLine.Id(29_999)], ids.FindDuplicates().Select(duplicate => duplicate.Id));
        Assert.False(ids.Add("0123", 0, 1));
    }

    [Fact]
    public async Task TheCommandSaysInItsExitCodeWhatItFound()
    {
        using var folder = new ResultFolder();
        Assert.Equal(ExitCodes.Complete, (await VerifyAsync(folder.Path)).ExitCode);
        Spoil(folder, "a record is gone");

        var (exitCode, output) = await VerifyAsync(folder.Path, "--json");

        Assert.Equal(ExitCodes.SomeFailed, exitCode);
        var report = JsonNode.Parse(output)!;
        Assert.False((bool)report["ok"]!);
        Assert.Contains(report["problems"]!.AsArray(), problem => (string)problem!["kind"]! == "count");
        Assert.Equal(ExitCodes.Usage, (await VerifyAsync("no-such-folder")).ExitCode);
        Assert.Equal(ExitCodes.Usage, (await VerifyAsync("--nonsense")).ExitCode);
        Assert.Equal(ExitCodes.Usage, (await VerifyAsync("no-such-list", "--out", folder.Path)).ExitCode);
    }

    [Theory]
    [InlineData("{\"schema\":", "the JSON is not valid")]
    [InlineData("{\"schema\":\"pipeline.failure/1\"}", "it lacks ")]
    [InlineData("{\"schema\":\"pipeline.failure/1\",\"id\":7}", "id has a value of the wrong kind")]
    public async Task WhatIsWrongWithJsonIsSaidInPlainWords(string line, string expected)
    {
        using var folder = new ResultFolder();
        File.WriteAllText(folder.FailuresFile, line + "\n");

        var (_, output) = await VerifyAsync(folder.Path);

        Assert.Contains($"the line is not a pipeline.failure/1: {expected}", output, StringComparison.Ordinal);
        Assert.DoesNotContain("LineNumber", output, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", output, StringComparison.Ordinal);
    }

    private static async Task<(int ExitCode, string Output)> VerifyAsync(params string[] arguments)
    {
        var (exitCode, output, _) = await CliProcess.RunAsync(["verify", .. arguments]);
        return (exitCode, output);
    }

    private static void Spoil(ResultFolder folder, string what)
    {
        var manifest = JsonSerializer.Deserialize(File.ReadAllText(folder.ManifestFile), RecordsJson.Default.Manifest)!;
        var list = manifest.Lists![0];
        switch (what)
        {
            case "a record is gone":
                folder.WriteLines(folder.Lines.Where((_, i) => i != 2));
                break;
            case "a record is there twice":
                folder.WriteLines([.. folder.Lines, folder.Lines[2]]);
                break;
            case "a record of a failure":
                folder.WriteLines([.. folder.Lines, RecordLine.Of(2000)]);
                break;
            case "a failure is gone":
                File.WriteAllText(folder.FailuresFile, RecordLine.Failure(2000));
                break;
            case "a failure is no JSON":
                File.AppendAllText(folder.FailuresFile, "oops");
                break;
            case "the file is cut":
                File.WriteAllText(folder.RecordsFile, File.ReadAllText(folder.RecordsFile)[..^9]);
                break;
            case "a byte outside of the content":
                Replace("s3://b", "s3://c");
                break;
            case "no manifest":
                File.Delete(folder.ManifestFile);
                break;
            case "no records":
                File.Delete(folder.RecordsFile);
                break;
            case "an id that is none":
                Replace(RecordLine.Id(0), "x");
                break;
            case "a list without manifest":
                folder.WriteLines([.. folder.Lines, RecordLine.Of(3000, list: "third")]);
                break;
            case "inputs":
                folder.Write(manifest with { Lists = [list with { Inputs = 9 }, manifest.Lists[1]] });
                break;
            case "sums":
                folder.Write(manifest with { Records = 8 });
                break;
            case "a list is null":
                folder.Write(manifest with { Lists = [list, null!] });
                break;
            case "a submission is null":
                folder.Write(manifest with { Lists = [list with { Submissions = [null!] }, manifest.Lists[1]] });
                break;
            case "negative bytes":
                var negative = list.Locations![0] with { Bytes = -1 };
                folder.Write(manifest with { Lists = [list with { Locations = [negative] }, manifest.Lists[1]] });
                break;
            case "a failure without end":
                string[] failures = File.ReadAllLines(folder.FailuresFile);
                File.WriteAllLines(
                    folder.FailuresFile, [failures[0], new string('x', (16 << 20) + 1), failures[1]]);
                break;
            case "submission":
                var other = list.Submissions![0] with { SubmissionId = "sub-1" };
                folder.Write(manifest with { Lists = [list with { Submissions = [other] }, manifest.Lists[1]] });
                break;
            default:
                File.WriteAllText(folder.ManifestFile, "{");
                break;
        }

        void Replace(string text, string by) =>
            folder.WriteLines(folder.Lines.Select(line => line.Replace(text, by, StringComparison.Ordinal)));
    }
}

/// <summary><c>pipeline verify LIST_ID</c> over a storage account.</summary>
[Trait("Needs", "servers")]
public sealed class AccountVerifierTests(Servers servers)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AListInAnAccountIsVerifiedFileByFile()
    {
        var azurite = await servers.AzureAsync();
        var account = await PartAccount.CreateAsync(azurite);
        var file = account.Records.GetBlobClient("list/sub-0.ndjson.gz");
        byte[] bytes = [.. Enumerable.Range(0, 5).SelectMany(i => RecordLine.Member(RecordLine.Of(i)))];
        await file.UploadAsync(new BinaryData(bytes), Token);
        await account.PutAsync("left-over", [RecordLine.Of(0)]);
        var manifest = ResultFolder.Manifest(
            "list", 5, failures: 2, ResultFolder.Location(file.Uri.AbsoluteUri, bytes, records: 5));
        await account.WriteAsync(
            "manifests", "list.json", JsonSerializer.Serialize(manifest, RecordsJson.Default.Manifest));
        await account.WriteAsync("failures", $"list/{RecordLine.Id(2000)}.json", RecordLine.Failure(2000));
        await account.WriteAsync(
            "failures", $"list/{RecordLine.Id(2001)}.json", RecordLine.Failure(2001, "empty_result"));
        (string, string)[] environment = [("AzureWebJobsStorage", azurite.ConnectionString())];

        var good = await CliProcess.RunAsync(["verify", "list"], environment);
        bytes[^6] ^= 1;
        await file.UploadAsync(new BinaryData(bytes), overwrite: true, Token);
        var bad = await CliProcess.RunAsync(["verify", "list"], environment);
        var none = await CliProcess.RunAsync(["verify", "nolist"], environment);

        Assert.True(good.ExitCode == ExitCodes.Complete, good.Output + good.Error);
        Assert.Equal(ExitCodes.SomeFailed, bad.ExitCode);
        Assert.Contains("damaged: records/list/sub-0.ndjson.gz, line 6", bad.Output, StringComparison.Ordinal);
        Assert.Contains("digest: records/list/sub-0.ndjson.gz: the first", bad.Output, StringComparison.Ordinal);
        Assert.Equal((ExitCodes.Usage, ""), (none.ExitCode, none.Output));
        Assert.StartsWith("pipeline: No list 'nolist' is known in the storage", none.Error, StringComparison.Ordinal);
    }
}

using System.Text.Json;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Cli.Run;

/// <summary><c>pipeline run --dry-run</c> and <c>--quiet</c>.</summary>
public sealed class DryRunTests : IDisposable
{
    private const string Site = "http://sample.test/sample/generated";

    private readonly TempFolder _folder = new();

    [Fact]
    public async Task ADryRunCountsAndEstimatesAndWritesNothing()
    {
        var list = List(
            $"{Site}/1", "bad line", $"{Site}/1", $"{Site}/2", "http://me:secret@sample.test/", $"{Site}/3");
        string[] dry = ["run", list, "--out", _folder["out"], "--dry-run", "--price", "0.5", "--max-urls", "2"];

        var (exitCode, output, error) = await CliProcess.RunAsync(dry);

        Assert.Equal((0, ""), (exitCode, error));
        Assert.Matches("^list.txt, list [0-9a-f]+: 2 URLs to post in 1 batch of 6 lines\n", output);
        foreach (var line in new[]
        {
            "  1 dropped as duplicates\n", "  1 bad line\n", "  1 refused as private",
            "  1 over the budget of the list\n", "  line 2: ",
            "  estimated cost 1.00, without retries, at 0.5 per URL\n",
        })
            Assert.Contains(line, output, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["out"]));
    }

    [Fact]
    public async Task ADryRunKnowsWhatTheSeriesHasAndWhatIsComplete()
    {
        string[] run = ["run", List($"{Site}/1", $"{Site}/2"), "--out", _folder["out"], "--series", "prices"];
        var first = await CliProcess.RunAsync([.. run, "--quiet", "--json"]);
        Assert.Equal(0, first.ExitCode);
        Assert.Equal("NIMBLE_API_KEY is not set", first.Error[..25]);
        Assert.Single(first.Error.TrimEnd().Split('\n'));
        Assert.True(JsonElement.Parse(first.Output).GetProperty("duration_ms").GetInt64() > 0);
        List($"{Site}/1", $"{Site}/2", $"{Site}/3");

        var again = await DryAsync([.. run, "--only-new"]);

        Assert.Equal((1, 2, 2), (Number(again, "to_post"), Number(again, "known"), Number(again, "left_out")));
        List($"{Site}/1", $"{Site}/2");
        var complete = await DryAsync(run);
        Assert.Equal((0, 2), (Number(complete, "to_post"), Number(complete, "posted_before")));
        Assert.Equal("closed", complete.GetProperty("state").GetString());
        var told = await CliProcess.RunAsync([.. run, "--max-age", "30d", "--dry-run"]);
        Assert.Contains("to run it once more: what series 'prices' already has is left out.", told.Output,
            StringComparison.Ordinal);
        var more = await DryAsync([.. run, "--again"]);
        Assert.Equal((2, 0), (Number(more, "to_post"), Number(more, "posted_before")));
        Assert.EndsWith("-2", more.GetProperty("list_id").GetString(), StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static int Number(JsonElement list, string name) => list.GetProperty(name).GetInt32();

    private static async Task<JsonElement> DryAsync(string[] arguments)
    {
        var (exitCode, output, error) = await CliProcess.RunAsync([.. arguments, "--dry-run", "--json"]);
        Assert.Equal((0, ""), (exitCode, error));
        return JsonElement.Parse(output).GetProperty("lists")[0];
    }

    private string List(params string[] lines)
    {
        File.WriteAllLines(_folder["list.txt"], lines);
        return _folder["list.txt"];
    }
}

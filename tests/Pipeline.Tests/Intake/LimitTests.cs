using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Pipeline.Intake;
using Pipeline.Intake.Reading;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Submit;

namespace Pipeline.Tests.Intake;

/// <summary>The limits of lists, for hostile lists too.</summary>
public sealed class LimitTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(CanonicalJson.MaxDepth, 0)]
    [InlineData(CanonicalJson.MaxDepth + 1, 1)]
    [InlineData(64, 1)]
    [InlineData(65, 1)]
    [InlineData(3000, 1)]
    [Trait("Promise", "5")]
    public async Task AnItemThatIsNestedTooDeeplyIsABadLineAndTheRestIsPlanned(int depth, int invalid)
    {
        foreach (
            var form in new[]
            {
                "[ITEM,\"https://a.example/\"]",
                "{\"inputs\":[ITEM,\"https://a.example/\"]}",
                "ITEM\n\"https://a.example/\"\n",
            }
        )
        {
            var world = new IntakeWorld();
            var list = await world.HandleAsync(form.Replace("ITEM", Nested(depth), StringComparison.Ordinal));
            Assert.Equal((ListState.Open, 2L, (long)invalid), (list.State, list.Inputs, list.Invalid));
            Assert.All(world.Failures.Values, failure =>
                Assert.Contains(
                    $"it is nested {depth:N0} levels deep; the limit is {CanonicalJson.MaxDepth}",
                    failure.Message,
                    StringComparison.Ordinal
                )
            );
            Assert.Equal(invalid, world.Failures.Count);
        }
    }

    [Fact]
    public async Task TheDeepestAllowedItemFitsInEveryEnvelope()
    {
        var world = new IntakeWorld();
        world.Options.Guards.RefusedDomains.Add("deep.example");
        var (item, refused) = (
            Nested(CanonicalJson.MaxDepth),
            Nested(CanonicalJson.MaxDepth).Replace("www", "deep", StringComparison.Ordinal)
        );
        var shared = $$$"""{"s":{{{Nested(CanonicalJson.MaxDepth - 1)}}}}""";
        await world.HandleAsync($$$"""{"inputs":[{{{item}}},{{{refused}}}],"shared_inputs":{{{shared}}}}""");
        var submission = world.Ledger.Submissions.Values.Single(s => s.State == SubmissionState.Planned);
        var input = Assert.Single(world.Good);
        // These readers use the default maximum depth.
        JsonDocument.Parse(SubmissionBody.Batch(submission, [input], null)).Dispose();
        JsonDocument.Parse(SubmissionBody.Single(submission, input, null)).Dispose();
        var failure = JsonSerializer.Serialize(Assert.Single(world.Failures.Values), PipelineJson.Plain.Failure);
        JsonDocument.Parse(failure).Dispose();
        JsonDocument.Parse($$"""{"a":[{{failure}}]}""").Dispose();
    }

    [Fact]
    [Trait("Promise", "5")]
    public async Task AGzipBombIsRefused()
    {
        var world = new IntakeWorld();
        var bomb = IntakeWorld.Gzip(Encoding.UTF8.GetBytes(new string('a', 4_000_000)), CompressionLevel.SmallestSize);
        var error = await Assert.ThrowsAsync<PipelineException>(() => world.HandleAsync(bomb));
        Assert.Equal(
            "The gzip file of this list expands to more than 200 times its size (Intake:MaxRatio). Send it "
                + "uncompressed, or raise the setting.",
            error.Message
        );
        Assert.Equal(FailureReasons.LimitExceeded, error.Reason);
        world.AssertRefused(error.Message);
    }

    [Fact]
    public async Task AGzipListOfRealUrlsIsNotABomb()
    {
        var world = new IntakeWorld();
        var text = string.Concat(
            Enumerable.Range(0, 40_000).Select(i => $"https://www.example.com/a/rather/long/path/{i}\n")
        );
        Assert.Equal(40_000, (await world.HandleAsync(IntakeWorld.Gzip(Encoding.UTF8.GetBytes(text)))).Inputs);
    }

    [Theory]
    [InlineData("s3://lists/in/")]
    [InlineData("s3://lists/")]
    [InlineData("azblob://lists/")]
    [InlineData("azblob://lists")]
    [InlineData("file:///lists/")]
    public async Task AFolderIsNotAList(string source)
    {
        var world = new IntakeWorld();
        world.Options.Intake.SourcePrefixes.Add("azblob://lists/");
        world.Options.Intake.SourcePrefixes.Add("s3://lists/");
        var error = await Assert.ThrowsAsync<PipelineException>(() =>
            world.HandleAsync($$"""{"source":"{{source}}"}""")
        );
        Assert.True(error.IsPermanent);
        Assert.Contains(
            "which is a folder. Give the address of a list in it.", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1_000_000, true)]
    [InlineData(1_000_001, false)]
    [Trait("Promise", "1")]
    public async Task AListIsCutIntoAtMostAMillionSubmissions(int lines, bool isAccepted)
    {
        var text = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("http://a.example\n", lines)));
        var options = new IntakeOptions { MaxInputsPerSubmission = 1 };
        if (isAccepted)
        {
            Assert.Equal(
                lines,
                (await ListInspector.InspectAsync(ListSource.Of(text), null, options, cancellationToken: Token)).Valid
            );
            return;
        }
        var error = await Assert.ThrowsAsync<PipelineException>(() =>
            ListInspector.InspectAsync(ListSource.Of(text), null, options, cancellationToken: Token)
        );
        Assert.Equal(
            "The list has 1,000,001 lines and would need more than 1,000,000 submissions. "
                + "Split it into several lists, or raise Intake:MaxInputsPerSubmission.",
            error.Message
        );
    }

    [Fact]
    public void TheLastPlannedSubmissionAndTheFirstRepeatedOneHaveDifferentIds()
    {
        Assert.Equal("list-999999", SubmissionIds.Of("list", SubmissionIds.MaxPlanned - 1));
        Assert.Equal("list-000000-r1", SubmissionIds.Of("list", SubmissionIds.Next(0)));
        Assert.Equal("list-999999-r1", SubmissionIds.Of("list", SubmissionIds.Next(SubmissionIds.MaxPlanned - 1)));
    }

    // Returns an input with the given number of levels.
    private static string Nested(int depth, string name = "a") =>
        $$"""{"url":"https://www.example/","{{name}}":{{new string('[', depth - 1)}}{{new string(']', depth - 1)}}}""";
}

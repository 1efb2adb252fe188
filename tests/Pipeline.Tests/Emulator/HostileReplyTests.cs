using System.Text.Json.Nodes;
using Pipeline.Emulator.Hostile;

namespace Pipeline.Tests.Emulator;

/// <summary>Answers about marked submissions, with <c>hostile_reply</c> and <c>hostile_list</c>.</summary>
public sealed class HostileReplyTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static TheoryData<string> Documents => [.. HostileJson.Kinds];

    [Theory]
    [MemberData(nameof(Documents))]
    public async Task AnAnswerIsSpoiltAsItsKindSays(string kind)
    {
        await using var lab = await HostileLab.StartAsync($"hostile_reply={kind}");
        using var post = await lab.PostAsync(
            isMarked: true, callback: "http://127.0.0.1:9/api/callbacks/list-0/some-token");
        // Clients show error messages, so these kinds answer a POST with an error.
        Assert.Equal(kind is "control" or "secret" ? 500 : 200, (int)post.StatusCode);
        HostileLab.AssertSpoilt(
            kind, await post.Content.ReadAsByteArrayAsync(Ct), "planted/key-77",
            "http://127.0.0.1:9/api/callbacks/list-0/some-token");
        using var get = await lab.GetAsync($"v1/tasks/{await lab.TaskIdAsync()}");
        HostileLab.AssertSpoilt(kind, await get.Content.ReadAsByteArrayAsync(Ct));
    }

    [Fact]
    public async Task AnAnswerIsAGzipBomb()
    {
        await using var lab = await HostileLab.StartAsync("hostile_reply=bomb");
        using var post = await lab.PostAsync(isMarked: true);
        Assert.Equal(["gzip"], post.Content.Headers.ContentEncoding);
        var packed = await post.Content.ReadAsByteArrayAsync(Ct);
        Assert.InRange(packed.Length, 100_000, 2 << 20);
        Assert.Equal(2 + (512L << 20), await ExpandedAsync(packed));
    }

    [Fact]
    public async Task AnAnswerComesAByteAtATime()
    {
        await using var lab = await HostileLab.StartAsync("hostile_reply=drip");
        using var post = await lab.PostAsync(isMarked: true);
        await using var body = await post.Content.ReadAsStreamAsync(Ct);
        var buffer = new byte[100];
        Assert.Equal(1, await body.ReadAsync(buffer, Ct));
        Assert.Equal(1, await body.ReadAsync(buffer, Ct));
    }

    [Fact]
    public async Task AnAnswerDoesNotComeAtAll()
    {
        await using var lab = await HostileLab.StartAsync("hostile_reply=stall");
        using var post = await lab.PostAsync(isMarked: true);
        await using var body = await post.Content.ReadAsStreamAsync(Ct);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        patience.CancelAfter(TimeSpan.FromSeconds(0.2));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await body.ReadExactlyAsync(new byte[100], patience.Token));
    }

    [Fact]
    public async Task AnAnswerNeverEnds()
    {
        await using var lab = await HostileLab.StartAsync("hostile_reply=endless");
        using var post = await lab.PostAsync(isMarked: true);
        await using var body = await post.Content.ReadAsStreamAsync(Ct);
        await body.ReadExactlyAsync(new byte[200_000], Ct);
    }

    [Fact]
    public async Task AnAnswerIsNotValidHttp()
    {
        await using var lab = await HostileLab.StartAsync("hostile_reply=framing");
        var failures = 0;
        for (var i = 0; i < 2 * OddFraming.Count; i++)
        {
            try
            {
                using var post = await lab.PostAsync(isMarked: true);
                await post.Content.ReadAsByteArrayAsync(Ct);
            }
            catch (HttpRequestException)
            {
                failures++;
            }
        }

        // This client accepts a few of the answers.
        Assert.InRange(failures, OddFraming.Count, 2 * OddFraming.Count);
    }

    [Theory]
    [InlineData("tasks", "endless")]
    [InlineData("tasks", "repeat")]
    [InlineData("batches", "endless")]
    [InlineData("batches", "repeat")]
    public async Task AListHasEndlessPages(string list, string kind)
    {
        await using var lab = await HostileLab.StartAsync($"hostile_list={kind}");
        Assert.Null((string?)(await lab.Lab.GetAsync($"v1/{list}"))["pagination"]["next_cursor"]);
        using var post = await lab.PostAsync(isMarked: true);
        await post.Content.ReadAsByteArrayAsync(Ct);
        var cursors = new List<string>();
        for (var page = 0; page < 5; page++)
        {
            var answer = await lab.Lab.GetAsync($"v1/{list}?cursor={cursors.LastOrDefault()}");
            Assert.Single(answer["data"].AsArray());
            cursors.Add((string)answer["pagination"]["next_cursor"]!);
        }

        Assert.Equal(kind == "repeat" ? 1 : 5, cursors.Distinct().Count());
    }

    [Fact]
    public async Task UnmarkedSubmissionsAreAnsweredHonestly()
    {
        await using var lab = await HostileLab.StartAsync("hostile");
        using var post = await lab.PostAsync(isMarked: false, storage: "s3://b/");
        var accepted = JsonNode.Parse(await post.Content.ReadAsStringAsync(Ct))!;
        var batch = await lab.Lab.FinishAsync((string)accepted["batch_id"]!);
        var id = (string)batch["tasks"]!.AsArray().Single()!["id"]!;
        Assert.Equal("success", (string)(await lab.Lab.GetAsync($"v1/tasks/{id}"))["task"]["state"]!);
        Assert.Equal(
            await lab.Lab.ReadGoodObjectAsync(id, compressed: false),
            await lab.Lab.ReadObjectAsync($"s3://b/{id}.json"));
    }

    [Fact]
    public async Task HostileIsDrawnForEachAnswer()
    {
        await using var lab = await HostileLab.StartAsync("hostile=0.5,hostile_reply=types@0.0,seed=3");
        var statuses = new List<string>();
        for (var i = 0; i < 24; i++)
        {
            try
            {
                using var post = await lab.PostAsync(isMarked: true);
                statuses.Add($"{(int)post.StatusCode}");
            }
            catch (HttpRequestException)
            {
                statuses.Add("broken");
            }
        }

        Assert.InRange(statuses.Distinct().Count(), 2, 3);
    }

    internal static async Task<long> ExpandedAsync(byte[] packed)
    {
        await using var gzip = new System.IO.Compression.GZipStream(
            new MemoryStream(packed), System.IO.Compression.CompressionMode.Decompress);
        var buffer = new byte[1 << 20];
        long all = 0;
        while (await gzip.ReadAsync(buffer, Ct) is var read and > 0)
            all += read;
        return all;
    }
}

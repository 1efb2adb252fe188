using System.Text;
using System.Text.Json;
using Pipeline.Emulator.Hostile;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Emulator;

/// <summary>Results, objects and webhooks of marked submissions.</summary>
public sealed class HostileResultTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static TheoryData<string> Documents => [.. HostileJson.Kinds];

    [Theory]
    [MemberData(nameof(Documents))]
    public async Task AResultIsSpoiltAsItsKindSays(string kind)
    {
        await using var lab = await HostileLab.StartAsync($"hostile_result={kind}");
        const string callback = "http://127.0.0.1:9/api/callbacks/list-0/some-token";
        using var post = await lab.PostAsync(isMarked: true, callback, "s3://b/");
        var id = await lab.TaskIdAsync();
        var atTheApi = await lab.Lab.ReadGoodObjectAsync(id, compressed: false);
        HostileLab.AssertSpoilt(kind, atTheApi, callback);
        Assert.Equal(atTheApi.Length, (await lab.Lab.ReadObjectAsync($"s3://b/{id}.json"))!.Length);
    }

    [Fact]
    public async Task AnObjectIsAGzipBomb()
    {
        await using var lab = await HostileLab.StartAsync("hostile_result=bomb");
        using var post = await lab.PostAsync(isMarked: true, storage: "s3://b/", compress: true);
        var packed = await lab.Lab.ReadObjectAsync($"s3://b/{await lab.TaskIdAsync()}.json.gz");
        Assert.Equal(2 + (512L << 20), await HostileReplyTests.ExpandedAsync(packed!));
    }

    [Fact]
    public async Task AnObjectDrips()
    {
        await using var lab = await HostileLab.StartAsync("hostile_result=drip");
        using var post = await lab.PostAsync(isMarked: true, storage: "s3://b/");
        using var read = await lab.GetAsync($"s3/b/{await lab.TaskIdAsync()}.json");
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        patience.CancelAfter(TimeSpan.FromSeconds(0.3));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => read.Content.ReadAsByteArrayAsync(patience.Token));
    }

    [Fact]
    public async Task ForeignObjectsAreBesideATasksOwn()
    {
        await using var lab = await HostileLab.StartAsync("hostile_result=foreign");
        using var post = await lab.PostAsync(isMarked: true, storage: "s3://b/x/");
        var id = await lab.TaskIdAsync();
        using var list = await lab.GetAsync("s3/b?list-type=2&prefix=x/");
        var keys = (await list.Content.ReadAsStringAsync(Ct))
            .Split("<Key>")
            .Skip(1)
            .Select(k => k[..k.IndexOf('<')])
            .ToList();
        Assert.Equal(21, keys.Count);
        Assert.Contains($"x/{id}.json", keys);
        var foreign = JsonElement.Parse(
            (await lab.Lab.ReadObjectAsync($"s3://b/{keys.First(k => k != $"x/{id}.json")}"))!);
        Assert.EndsWith("?hostile", foreign.GetProperty("url").GetString(), StringComparison.Ordinal);
        Assert.NotEqual(id, foreign.GetProperty("task_id").GetString());
    }

    [Theory]
    [MemberData(nameof(Documents))]
    public async Task AWebhookIsSpoiltAsItsKindSays(string kind) =>
        HostileLab.AssertSpoilt(kind, await WebhookAsync(kind));

    [Fact]
    public async Task AWebhookNamesThousandsOfUnknownTasks()
    {
        using var body = JsonDocument.Parse(await WebhookAsync("ids"));
        Assert.Equal(
            10_000,
            body.RootElement.GetProperty("tasks").EnumerateArray().Select(t => t.GetString()).Distinct().Count());
    }

    [Fact]
    public async Task AWebhookIsAGzipBomb() =>
        Assert.Equal(2 + (512L << 20), await HostileReplyTests.ExpandedAsync(await WebhookAsync("bomb")));

    [Fact]
    public async Task AWebhookDrips()
    {
        var first = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var hook = await ResettableHook.StartAsync(first);
        await using var lab = await HostileLab.StartAsync("hostile_webhook=drip");
        using var post = await lab.PostAsync(isMarked: true, hook.Url);
        Assert.Equal("{", await first.Task.WaitAsync(Patience.Limit, Ct));
    }

    private static async Task<byte[]> WebhookAsync(string kind)
    {
        await using var hook = await TestServer.StartAsync(TestServer.Json("{}"));
        await using var lab = await HostileLab.StartAsync($"hostile_webhook={kind}");
        using var post = await lab.PostAsync(isMarked: true, new Uri(hook.Address, "hook").AbsoluteUri);
        await Patience.UntilAsync(() => hook.Seen.Count == 1);
        return hook.Seen[0].Body;
    }

    /// <summary>A server that reads a webhook's body once, and then resets the connection.</summary>
    private sealed class ResettableHook : IAsyncDisposable
    {
        private readonly Microsoft.AspNetCore.Builder.WebApplication _app = Hosts.CreateBuilder().Build();

        public string Url => $"{_app.Urls.Single()}/hook";

        public static async Task<ResettableHook> StartAsync(TaskCompletionSource<string> first)
        {
            var hook = new ResettableHook();
            Microsoft.AspNetCore.Builder.RunExtensions.Run(hook._app, async context =>
            {
                var buffer = new byte[100];
                first.TrySetResult(
                    Encoding.UTF8.GetString(buffer, 0, await context.Request.Body.ReadAsync(buffer, Ct)));
                context.Abort();
            });
            await hook._app.StartAsync(Ct);
            return hook;
        }

        public ValueTask DisposeAsync() => _app.DisposeAsync();
    }
}

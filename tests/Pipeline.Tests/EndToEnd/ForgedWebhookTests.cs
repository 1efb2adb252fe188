using System.Net;
using System.Text;
using Pipeline.Cli;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.EndToEnd;

/// <summary>
/// An attacker who can reach the callback address, even with a leaked token, cannot change the result.
/// </summary>
[Trait("Promise", "3")]
public sealed class ForgedWebhookTests
{
    private const int Forged = 3000;

    private static readonly string[] Bodies =
    [
        "", "{", "[]", "null", """{"task":null}""", """{"task":{"id":"../../etc/passwd"}}""", """{"task":{"id":17}}""",
        """{"status":"success","task":"""
            + """{"id":"00000000-0000-4000-8000-000000000000","state":"error","output_url":"file:///etc/passwd"}}""",
        """{"id":"11111111-1111-4111-8111-111111111111","state":"success","status_url":"http://169.254.169.254/"}""",
        string.Concat(Enumerable.Repeat("{\"task\":", 500)) + "1" + new string('}', 500),
        new string('x', 60_000),
    ];

    [Fact]
    public async Task ThousandsOfForgedWebhooksDuringARunChangeNothing()
    {
        var listen = new Uri($"http://127.0.0.1:{CliProcess.FreePort()}/");
        // Nimble's own webhooks wait until all forged ones are answered.
        var areForged = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var gate = await FaultProxy.StartAsync(listen);
        gate.Instead = async context =>
        {
            await areForged.Task.WaitAsync(context.RequestAborted);
            return false;
        };
        await using var rig = await Rig.StartAsync();
        var settings = rig.Settings(
            rig.List(Rig.Urls(25)),
            tuning:
            [
                ("Sweep:WebhookGrace", "01:00:00"), ("Delivery:CallbackBase", gate.Address.AbsoluteUri),
            ]) with { Listen = listen };
        var run = rig.RunAsync(settings);
        var answers = await ForgeAsync(listen, await CallbackPathAsync(rig));
        Assert.False(run.IsCompleted);
        areForged.SetResult();
        var outcome = await run;

        Assert.Equal(ExitCodes.Complete, outcome.ExitCode);
        Assert.Equal(Rig.Urls(25).Order(), outcome.Records.Select(r => r.GetProperty("url").GetString()!).Order());
        Assert.Equal(25, outcome.DiscoveredBy("webhook"));
        Assert.Single(outcome.Posts);
        Assert.Equal(Forged, answers.Values.Sum());
        // A wrong token is always refused. With the right one, only bodies in a webhook's form are accepted, as hints.
        Assert.True(answers[HttpStatusCode.Unauthorized] > 0);
        Assert.True(
            answers[HttpStatusCode.Unauthorized] + answers.GetValueOrDefault(
                HttpStatusCode.TooManyRequests) > Forged / 3);
        Assert.DoesNotContain(
            answers.Keys, status => status is HttpStatusCode.OK or HttpStatusCode.InternalServerError);
    }

    private static async Task<Dictionary<HttpStatusCode, int>> ForgeAsync(Uri listen, string path)
    {
        using var http = new HttpClient { BaseAddress = listen };
        var answers = new Dictionary<HttpStatusCode, int>();
        string[] paths =
        [
            path,
            path[..path.LastIndexOf('/')] + "/x",
            path.Replace("-000000/", "-000001/", StringComparison.Ordinal),
            path[..^5] + "zzzzz",
        ];
        for (var i = 0; i < Forged; i++)
        {
            using var body = new StringContent(
                Bodies[i / paths.Length % Bodies.Length], Encoding.UTF8, "application/json");
            using var answer = await http.PostAsync(
                paths[i % paths.Length], body, TestContext.Current.CancellationToken);
            answers[answer.StatusCode] = answers.GetValueOrDefault(answer.StatusCode) + 1;
        }
        return answers;
    }

    private static async Task<string> CallbackPathAsync(Rig rig)
    {
        await Patience.UntilAsync(() => rig.Emulator.CallbackUrls.Count > 0);
        return rig.Emulator.CallbackUrls[0].AbsolutePath;
    }
}

using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Pipeline.Cli.Run;
using Pipeline.Tests.Support;
using StandardWebhooks;

namespace Pipeline.Tests.EndToEnd;

/// <summary>
/// A run notifies the receiver that its list closed, and ends even if the receiver cannot be reached.
/// </summary>
public sealed class NotificationTests
{
    internal const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    [Theory]
    [InlineData("true", "pipeline.list.closed pipeline.submission.closed")]
    [InlineData("false", "pipeline.list.closed")]
    public async Task ARunTellsOfItsListAndIfAskedOfItsSubmissions(string submissions, string types)
    {
        await using var rig = await Rig.StartAsync();
        await using var server = await TestServer.StartAsync(TestServer.Json("{}"));
        var settings = rig.Settings(rig.List(Rig.Urls(3)), tuning: Tuning(server, submissions));

        var outcome = await rig.RunAsync(settings);

        var events = server.Seen.Select(request => JsonElement.Parse(request.Body)).ToList();
        Assert.Equal(types.Split(' '), events.Select(e => e.GetProperty("type").GetString()).Distinct().Order());
        var closed = events.Find(e => e.GetProperty("type").GetString() == "pipeline.list.closed");
        Assert.Equal(
            (outcome.Manifest.GetProperty("list_id").GetString(), 3, new Uri(Path.Combine(rig.Out, "manifest.json"))),
            (closed.GetProperty("subject").GetString(), closed.GetProperty("data").GetProperty("records").GetInt64(),
                new Uri(closed.GetProperty("data").GetProperty("manifest").GetString()!)));
        Assert.All(server.Seen, Verify);
    }

    [Fact]
    [Trait("Promise", "9")]
    public async Task ARunEndsWithoutItsReceiverAndSaysSo()
    {
        await using var rig = await Rig.StartAsync();
        await using var server = await TestServer.StartAsync(TestServer.Json("", 500));
        var settings = rig.Settings(rig.List(Rig.Urls(1)), tuning: Tuning(server, "false"));
        var said = "";

        await rig.EndAsync(settings, async (progress, stop) =>
        {
            var code = await new RunJob(settings, progress).RunAsync(stop);
            said = progress.ToString();
            return code;
        });

        Assert.Single(server.Seen);
        Assert.Contains("1 notification is not delivered yet. 'pipeline serve", said, StringComparison.Ordinal);
    }

    private static IEnumerable<(string, string)> Tuning(TestServer server, string submissions) =>
    [
        ("Notify:Url", server.Address.AbsoluteUri), ("Notify:Secret", Secret), ("Notify:AllowPrivate", "true"),
        ("Notify:Submissions", submissions),
    ];

    internal static void Verify(SeenRequest request)
    {
        var headers = new HeaderDictionary();
        foreach (var (name, value) in request.Headers)
            headers[name] = value;
        new StandardWebhook(Secret).Verify(Encoding.UTF8.GetString(request.Body), headers);
    }
}

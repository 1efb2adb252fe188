using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Pipeline.Cli;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.EndToEnd;

/// <summary>
/// A run that is killed around a notification's POST: the receiver is notified of the close at least once, always under
/// the same id, and a notification that it rejects permanently is shown.
/// </summary>
public abstract class NotificationKillSuite(Servers? azure) : StoreSuite(azure)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    [Theory]
    [InlineData("sweep.after-manifest")]
    [InlineData("sweep.after-close")]
    [InlineData("notify.before-post")]
    [InlineData("notify.after-post")]
    [Trait("Promise", "7")]
    public async Task TheCloseIsToldAtLeastOnceUnderTheSameId(string point)
    {
        await using var rig = await StartAsync();
        await using var receiver = await TestServer.StartAsync(TestServer.Json("{}"));
        await KillAsync(rig, receiver, point);
        // The message is queued with the manifest, so it may be posted before Sweep reaches its boundary.
        Assert.InRange(
            receiver.Seen.Count, point == "notify.after-post" ? 1 : 0, point == "notify.before-post" ? 0 : 1);

        // Over an account, the message of the killed run returns when its lease ends.
        using var limit = new CancellationTokenSource(Limit);
        do
        {
            var (exitCode, _, error) = await CliProcess.RunAsync(Command(rig), Environment(rig, receiver));
            Assert.True(exitCode == ExitCodes.Complete, error);
        }
        while (receiver.Seen.Count == 0 && !limit.IsCancellationRequested);
        Assert.NotEmpty(receiver.Seen);
        Assert.Single(receiver.Seen.Select(seen => seen.Headers["webhook-id"]).Distinct());
        Assert.Single(receiver.Seen.Select(
            seen => JsonElement.Parse(seen.Body).GetProperty("id").GetString()).Distinct());
        Assert.All(receiver.Seen, NotificationTests.Verify);
    }

    [Fact]
    public async Task ARefusedNotificationIsShownAfterAKill()
    {
        await using var rig = await StartAsync();
        await using var receiver = await TestServer.StartAsync(context =>
        {
            context.Response.StatusCode = StatusCodes.Status410Gone;
            return Task.CompletedTask;
        });
        await KillAsync(rig, receiver, "notify.after-dead-letter");

        var (_, output, error) = await CliProcess.RunAsync(["status", "--out", rig.Out], Environment(rig, receiver));

        Assert.Contains(receiver.Seen[0].Headers["webhook-id"], output + error, StringComparison.Ordinal);
        Assert.Contains("was given up after 1 try", output + error, StringComparison.Ordinal);
    }

    private static async Task KillAsync(Rig rig, TestServer receiver, string point)
    {
        var killed = await CliProcess.RunAsync(
            Command(rig), [.. Environment(rig, receiver), ("PIPELINE_CRASH_AT", point)]);
        Assert.True(killed.ExitCode == 128 + 9, killed.Error);
    }

    private static string[] Command(Rig rig) =>
    [
        "run", rig.List(Rig.Urls(3)), "--out", rig.Out, "--api", rig.Emulator.BaseAddress.AbsoluteUri,
        "--storage-url", "s3://results/notified/",
    ];

    private static (string, string)[] Environment(Rig rig, TestServer receiver) =>
    [
        .. KillSuite.Environment(rig),
        ("Pipeline__Notify__Url", receiver.Address.AbsoluteUri),
        ("Pipeline__Notify__Secret", NotificationTests.Secret),
        ("Pipeline__Notify__AllowPrivate", "true"),
    ];
}

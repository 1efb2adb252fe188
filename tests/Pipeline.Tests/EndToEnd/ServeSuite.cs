using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Cli;
using Pipeline.Cli.Stores;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Stores.Local;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.EndToEnd;

/// <summary>The real commands side by side: one process serves, others submit lists and ask for their status.</summary>
public abstract class ServeSuite(Servers? azure) : StoreSuite(azure)
{
    [Fact]
    [Trait("Promise", "10")]
    public async Task AListSubmittedToAServingProcessIsCompletedAndTheServerStopsCleanly()
    {
        await using var rig = await StartAsync();
        using var server = CliProcess.Start(
            [
                "serve", "--out", rig.Out, "--api", rig.Emulator.BaseAddress.AbsoluteUri, "--storage-url",
                "s3://results/served/"],
            KillSuite.Environment(rig));

        var (submitted, id, error) = await CliProcess.RunAsync(
            ["submit", rig.List([.. Rig.Urls(8), "not a url"]), "--out", rig.Out], KillSuite.Environment(rig));
        Assert.True(submitted == ExitCodes.Complete, error);
        var report = await ClosedAsync(rig, id.Trim());

        Assert.Equal(
            (9, 8, 1),
            (report.GetProperty("inputs").GetInt32(), report.GetProperty("records").GetInt32(),
                report.GetProperty("failures").GetInt32()));
        Assert.Single(await rig.PostsAsync());
        using var stop = System.Diagnostics.Process.Start("kill", ["-TERM", $"{server.Id}"]);
        var (exitCode, _, log) = await server.WaitAsync();
        Assert.True(exitCode == ExitCodes.Complete, log);
        Assert.Contains(
            "Stopped. Nothing is lost; the next 'pipeline serve' continues.", log, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", log, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Promise", "10")]
    public async Task AnUnusableListPutOnTheQueueIsShownAsRefusedByStatus()
    {
        await using var rig = await StartAsync();
        var listen = $"http://127.0.0.1:{CliProcess.FreePort()}/";
        using var server = CliProcess.Start(
            [
                "serve", "--listen", listen, "--out", rig.Out, "--api", rig.Emulator.BaseAddress.AbsoluteUri,
                "--storage-url", "s3://results/served/"],
            KillSuite.Environment(rig));
        var (_, id, _) = await CliProcess.RunAsync(
            ["submit", rig.List(Rig.Urls(1)), "--out", rig.Out], KillSuite.Environment(rig));
        await ClosedAsync(rig, id.Trim());
        var settings = rig.Settings("-") with { State = Path.Combine(rig.Out, ".pipeline") };
        await using (var stores = await StoreAccess.OpenAsync(settings, TestContext.Current.CancellationToken))
        {
            await stores.Services.GetRequiredService<IWorkQueue>().SendAsync(
                QueueNames.UrlLists, [Encoding.UTF8.GetBytes("www.example.com\nwww.example.org\n")], TimeSpan.Zero,
                TestContext.Current.CancellationToken);
        }
        JsonElement reports;
        using var limit = new CancellationTokenSource(Patience.Limit);
        while ((reports = await StatusAsync(rig)).GetArrayLength() == 0)
            await Task.Delay(200, limit.Token);
        Assert.Equal("Refused", reports[0].GetProperty("state").GetString());
        using var http = new HttpClient();
        string page;
        // Over an account the page may be some seconds old.
        while (!(page = await http.GetStringAsync(new Uri(listen), limit.Token)).Contains("Refused lists"))
            await Task.Delay(200, limit.Token);
        Assert.Contains("The list has no URL.", page, StringComparison.Ordinal);
        Assert.StartsWith(
            "The list has no URL.", reports[0].GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    private static async Task<JsonElement> StatusAsync(Rig rig)
    {
        var (_, json, _) = await CliProcess.RunAsync(
            ["status", "--out", rig.Out, "--json"], KillSuite.Environment(rig));
        return JsonElement.Parse(json);
    }

    [Fact]
    public async Task TheStatusOfAnUnknownListIsAClearError()
    {
        await using var rig = await StartAsync();
        await using var state = await LocalDatabase.OpenAsync(
            Path.Combine(rig.Out, ".pipeline"), TestContext.Current.CancellationToken);
        var (exitCode, _, error) = await CliProcess.RunAsync(
            ["status", "nobody", "--out", rig.Out], KillSuite.Environment(rig));
        Assert.Equal(ExitCodes.Usage, exitCode);
        Assert.StartsWith("pipeline: No list 'nobody' is known in ", error, StringComparison.Ordinal);
    }

    internal static async Task<JsonElement> ClosedAsync(Rig rig, string listId)
    {
        using var limit = new CancellationTokenSource(Patience.Limit);
        while (true)
        {
            var (exitCode, json, _) = await CliProcess.RunAsync(
                ["status", listId, "--out", rig.Out, "--json"], KillSuite.Environment(rig));
            if (exitCode == ExitCodes.Complete && JsonElement.Parse(json) is var report
                && report.GetProperty("state").GetString() == "Closed")
                return report;
            await Task.Delay(200, limit.Token);
        }
    }
}

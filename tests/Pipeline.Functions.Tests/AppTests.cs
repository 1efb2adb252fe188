using Pipeline.Functions.Tests.Host;
using Pipeline.Model;

namespace Pipeline.Functions.Tests;

/// <summary>What the app reports to a host.</summary>
public sealed class AppTests
{
    [Fact]
    public async Task TheWorkerOffersEveryFunctionWithItsTrigger()
    {
        await using var app = await FunctionsApp.StartAsync();

        string Of(string function, string property) =>
            app.Host.Bindings[function][0].TryGetProperty(property, out var value) ? value.ToString() : "";
        Assert.Equal(
            [
                "Callback", "Collect", "DeadLetterResults", "DeadLetterSubmissions", "DeadLetterUrlLists", "Intake",
                "Notify", "Status", "Submit", "Sweep"],
            app.Host.Bindings.Keys.Order());
        Assert.Equal(
            [
                QueueNames.UrlLists, QueueNames.Submissions, QueueNames.Results, "url-lists-poison",
                "submissions-poison", "results-poison"],
            new[] { "Intake", "Submit", "Collect", "DeadLetterUrlLists", "DeadLetterSubmissions",
                "DeadLetterResults" }.Select(
                f => Of(f, "queueName")));
        Assert.Equal(
            ("httpTrigger", "Anonymous", "callbacks/{submission}/{token}"),
            (Of("Callback", "type"), Of("Callback", "authLevel"), Of("Callback", "route")));
        Assert.Equal(
            ("httpTrigger", "Function", "status/{list?}"),
            (Of("Status", "type"), Of("Status", "authLevel"), Of("Status", "route")));
        Assert.Equal("timerTrigger", Of("Sweep", "type"));
    }

    [Fact]
    public async Task TheWorkerReportsThatItExportsItsOwnTelemetry()
    {
        await using var app = await FunctionsApp.StartAsync();

        Assert.Equal(bool.TrueString, app.Host.Capabilities["WorkerOpenTelemetryEnabled"]);
    }

    [Fact]
    public async Task AllMissingSettingsAreReportedAtStart()
    {
        var problem = await Assert.ThrowsAnyAsync<Exception>(
            () => FunctionsApp.StartAsync("", null, ("NIMBLE_API_KEY", ""), ("Pipeline:Nimble:Version", "latest")));

        Assert.Contains("NIMBLE_API_KEY", problem.ToString(), StringComparison.Ordinal);
        Assert.Contains("Nimble__Version is 'latest'. Write v1 or v2.", problem.ToString(), StringComparison.Ordinal);
    }
}

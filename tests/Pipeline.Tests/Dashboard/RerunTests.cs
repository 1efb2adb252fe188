using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Intake;
using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Tests.Dashboard;

/// <summary>Fetching a list again uses the same content and the same settings.</summary>
public sealed class RerunTests
{
    private const string Csv = "Address,Country\nhttps://example.com/1,US\nhttps://example.com/2,DE\n";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TheSameListRunsAnewAsAListOfItsOwn()
    {
        await using var api = await ApiWorld.StartAsync();
        await api.PostAsync("/api/lists?list_id=daily&url_column=Address&name=my.csv", Csv, "text/csv");
        await IntakeAsync(api);
        await CloseAsync(api, "daily");

        var (status, again) = await api.PostAsync("/api/lists/daily/again");

        Assert.Equal((202, "daily-2"), (status, again.GetProperty("list_id").GetString()));
        await IntakeAsync(api);
        var (first, second) = (await InputsAsync(api, "daily"), await InputsAsync(api, "daily-2"));
        Assert.Equal(["https://example.com/1", "https://example.com/2"], second.Select(input => input.Url));
        Assert.Equal(first.Select(input => input.Input), second.Select(input => input.Input));
        Assert.Contains("\"DE\"", second[1].Input);
        Assert.Equal("my.csv", (await api.World.Ledger.GetListAsync("daily-2", Token))!.Source);
    }

    [Fact]
    public async Task SharedInputsOfAMessageAreKept()
    {
        await using var api = await ApiWorld.StartAsync();
        var file = api.World.State.StateFolder + "/urls.txt";
        await File.WriteAllTextAsync(file, "https://example.com/1\n", Token);
        await HandleAsync(
            api, JsonSerializer.SerializeToUtf8Bytes(
                new { source = file, list_id = "l", shared_inputs = new { country = "FR" } }));
        await CloseAsync(api, "l");

        Assert.Equal(202, (await api.PostAsync("/api/lists/l/again")).Status);
        await IntakeAsync(api);

        var submission = (await api.World.Ledger.GetSubmissionAsync("l-2-000000", Token))!;
        Assert.Equal("""{"country":"FR"}""", submission.SharedInputs);
    }

    [Fact]
    public async Task AListThatWasItsMessageRunsAnewToo()
    {
        await using var api = await ApiWorld.StartAsync();
        await api.World.PlanAsync(3);
        await CloseAsync(api, "list");

        Assert.Equal("list-2", (await api.PostAsync("/api/lists/list/again")).Body.GetProperty("list_id").GetString());
        await IntakeAsync(api);

        Assert.Equal(3, (await InputsAsync(api, "list-2")).Count);
    }

    [Fact]
    public async Task ToAskTwiceStartsOneRunWithOrWithoutAKey()
    {
        await using var api = await ApiWorld.StartAsync();
        await api.World.PlanAsync(3);
        await CloseAsync(api, "list");
        Task<(int Status, JsonElement Body)> AskAsync(string listId = "list") =>
            api.PostAsync($"/api/lists/{listId}/again", "", "text/plain", ("Idempotency-Key", "monday"));

        Assert.Equal("list-2", (await AskAsync()).Body.GetProperty("list_id").GetString());
        Assert.Equal("list-2", (await api.PostAsync("/api/lists/list/again")).Body.GetProperty("list_id").GetString());
        await IntakeAsync(api);
        await CloseAsync(api, "list-2");
        // The run of this key is closed; without the key, this would start another run.
        Assert.Equal("list-2", (await AskAsync()).Body.GetProperty("list_id").GetString());
        Assert.Equal(422, (await AskAsync("list-2")).Status);
        Assert.Equal("list-3", (await api.PostAsync("/api/lists/list/again")).Body.GetProperty("list_id").GetString());
    }

    [Theory]
    [InlineData("changed", "has changed since")]
    [InlineData("gone", "There is no list at")]
    [InlineData("older", "was not kept")]
    public async Task WhatCannotBeFetchedAgainSaysWhyAndWhatToDo(string what, string problem)
    {
        await using var api = await ApiWorld.StartAsync();
        await api.PostAsync("/api/lists?list_id=l", "https://example.com/1", "text/plain");
        await IntakeAsync(api);
        await CloseAsync(api, "l");
        var copy = api.World.State.StateFolder + "/l.txt";
        if (what == "changed")
            await File.WriteAllTextAsync(copy, "https://example.com/2", Token);
        else if (what == "gone")
            File.Delete(copy);
        else
            await (await api.World.State.OpenAsync()).WriteAsync(
                session => session.Execute("DELETE FROM list_origin"), durable: false, Token);

        var (status, body) = await api.PostAsync("/api/lists/l/again");

        Assert.Equal(422, status);
        Assert.Contains(problem, body.GetProperty("detail").GetString());
        Assert.Null(await api.World.Ledger.GetListAsync("l-2", Token));
    }

    private static async Task IntakeAsync(ApiWorld api)
    {
        var receiver = api.World.Service<IWorkReceiver>();
        var message = Assert.Single((await receiver.ReceiveAsync(
            QueueNames.UrlLists, 5, TimeSpan.FromMinutes(1), Token)).Messages);
        await HandleAsync(api, message.Body);
        await receiver.CompleteAsync(message, Token);
    }

    private static Task HandleAsync(ApiWorld api, ReadOnlyMemory<byte> message) =>
        api.Services.GetRequiredService<IntakeStage>().HandleAsync(message, Token);

    private static async Task CloseAsync(ApiWorld api, string listId)
    {
        await api.PostAsync($"/api/lists/{listId}/cancel");
        await api.World.PassAsync(TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(1));
        Assert.Equal(ListState.Closed, (await api.World.Ledger.GetListAsync(listId, Token))!.State);
    }

    private static async Task<IReadOnlyList<InputEntry>> InputsAsync(ApiWorld api, string listId) =>
        await api.World.Ledger.GetInputsAsync($"{listId}-000000", Token);
}

using Pipeline.Model;
using Pipeline.Reports.History;
using Pipeline.Tests.Submit;

namespace Pipeline.Tests.Reports;

/// <summary>One query for a URL, an id, a task or a batch gives the whole history of the input.</summary>
[Trait("Promise", "10")]
public sealed class HistoryTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ATaskWhoseInputNobodyHasNamedIsOneOfThoseThatWait()
    {
        await using var world = await SubmitWorld.StartAsync();
        await world.PlanAsync(10);
        await world.WorkAsync();

        var explanation = (await world.Service<HistoryReader>().ExplainAsync("t-1-6", null, Token))!;

        Assert.Equal(10, explanation.Inputs.Count);
        Assert.Contains("one of these", explanation.Note);
    }

    [Theory]
    [InlineData("https://EXAMPLE.com:443/7#top")]
    [InlineData("task-of-7")]
    public async Task AWaitingInputSaysWhereItIsAndWhatItWaitsFor(string text)
    {
        await using var world = await SubmitWorld.StartAsync();
        await world.PlanAsync(10);
        await world.WorkAsync();
        await world.Ledger.AddTasksAsync("list-000000", [new("task-of-7", 6)], Token);

        var history = await ExplainOneAsync(world, text);

        Assert.Equal(("waiting", SubmitWorld.Url(7), 7), (history.State, history.Url, history.Line));
        var attempt = Assert.Single(history.Attempts);
        Assert.Equal(("list-000000", 6, "b-1", PostProof.Answer),
            (attempt.SubmissionId, attempt.Ordinal, attempt.BatchId, attempt.Proof));
        Assert.Contains("The next check is at", history.WaitsFor);
        Assert.Equal(["intake", "submit", "nimble"], history.Steps.Select(step => step.Stage));
        Assert.All(history.Steps, step => Assert.NotNull(step.At));
    }

    [Fact]
    public async Task AFailedInputIsFollowedThroughItsResubmissions()
    {
        await using var world = await SubmitWorld.StartAsync(options => options.Retry.MaxAttempts = 2);
        await world.PlanAsync(10);
        await world.WorkAsync();
        await world.FinishAsync("list-000000", records: 8);
        await world.PassAsync(TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(1));
        var inputs = await world.InputsAsync();
        var failed = inputs.First(input => input.State != InputState.Recorded);

        var history = await ExplainOneAsync(world, failed.Id);

        Assert.Equal([1, 2], history.Attempts.Select(attempt => attempt.Attempt));
        Assert.Equal(history.Attempts[1].SubmissionId, history.Attempts[0].MovedTo);
        Assert.Contains(history.Steps, step => step.Text.StartsWith("Moved to", StringComparison.Ordinal));
    }

    [Fact]
    public async Task AnUnknownPostTellsItsEvidence()
    {
        await using var world = await SubmitWorld.StartAsync();
        world.Refuse = _ => (500, "{}");
        await world.PlanAsync(10);
        await world.WorkAsync();

        var history = await ExplainOneAsync(world, SubmitWorld.Url(3));

        Assert.Contains("searched for evidence", history.WaitsFor);
        Assert.Null(history.Attempts[0].Proof);
    }

    [Theory]
    [InlineData("https://example.com/404")]
    [InlineData("no-such-task")]
    [InlineData("0123456789abcdef0123456789abcdef")]
    public async Task WhatIsNotThereIsNotFound(string text)
    {
        await using var world = await SubmitWorld.StartAsync();
        await world.PlanAsync(10);
        var explanation = await world.Service<HistoryReader>().ExplainAsync(text, null, Token);
        Assert.Empty(explanation!.Inputs);
        Assert.True(explanation.IsComplete);
    }

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("a b")]
    [InlineData("\u202Eevil")]
    public async Task TextThatIsNothingOfOursIsRefused(string text)
    {
        await using var world = await SubmitWorld.StartAsync();
        Assert.Null(await world.Service<HistoryReader>().ExplainAsync(text, null, Token));
    }

    private static async Task<InputHistory> ExplainOneAsync(SubmitWorld world, string text) =>
        Assert.Single((await world.Service<HistoryReader>().ExplainAsync(text, null, Token))!.Inputs);
}

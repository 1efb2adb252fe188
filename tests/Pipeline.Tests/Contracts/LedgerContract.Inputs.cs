using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Contracts;

public abstract partial class LedgerContract
{
    private const string Submission = "list-000000";

    [Theory]
    [InlineData("https://example.com/", """{"url":"https://example.com/"}""")]
    [InlineData("https://example.com/?q=\"ü😀\"", """{"url":"https://example.com/?q=\"ü😀\"","country":"FR"}""")]
    [InlineData("https://example.com/?q=\"", """{"url":"https://example.com/?q=\""}""")]
    [InlineData("https://example.com/", """{ "url" : "https://example.com/" }""")]
    [InlineData("", "\"not a url\"")]
    public async Task AnInputComesBackByteForByte(string url, string input)
    {
        var entry = Some.Input(Submission, 0) with { Url = url, Input = input };
        await Port.CreateSubmissionAsync(Some.Submission(count: 1), [entry], Token);

        var read = Assert.Single(await Port.GetInputsAsync(Submission, Token));

        Assert.Equal(entry with { Version = read.Version }, read);
        Assert.Equal(read, await Port.GetInputAsync(Submission, 0, Token));
    }

    [Fact]
    public async Task TheInputsOfASubmissionAreOrderedByOrdinal()
    {
        var planned = Some.Submission(count: 1000);
        await Port.CreateSubmissionAsync(planned, [.. Some.Inputs(planned).Reverse()], Token);

        Assert.Equal(
            Enumerable.Range(0, 1000), (await Port.GetInputsAsync(Submission, Token)).Select(input => input.Ordinal));
        Assert.Equal(537, (await Port.GetInputAsync(Submission, 537, Token))!.Ordinal);
        Assert.Null(await Port.GetInputAsync(Submission, 1000, Token));
    }

    [Fact]
    public async Task AnInputKeepsItsOutcome()
    {
        await CreateAsync(Some.Submission());
        var read = (await Port.GetInputAsync(Submission, 1, Token))!;
        var failed = read with
        {
            State = InputState.Failed,
            TaskId = "task",
            DiscoveredBy = DiscoveredBy.Listing,
            Reason = FailureReasons.ObjectMissing,
            FinishedAt = Some.Time,
            MovedTo = "list-000000-r1",
        };

        var written = Assert.Single(await Port.UpdateInputsAsync([failed], Token));

        Assert.NotNull(written);
        Assert.NotEqual(read.Version, written.Version);
        Assert.Equal(failed with { Version = written.Version }, written);
        Assert.Equal(written, await Port.GetInputAsync(Submission, 1, Token));
    }

    [Fact]
    public async Task ARecordedInputKeepsThePlaceOfItsRecord()
    {
        await CreateAsync(Some.Submission());
        var read = (await Port.GetInputAsync(Submission, 1, Token))!;
        var recorded = read with
        {
            State = InputState.Recorded,
            Place = new("list-000000/part.ndjson.gz", 5_000_000_000, 123),
            ContentDigest = "xxh128:0",
        };

        var written = Assert.Single(await Port.UpdateInputsAsync([recorded], Token));

        Assert.Equal(recorded with { Version = written!.Version }, await Port.GetInputAsync(Submission, 1, Token));
    }

    [Fact]
    public async Task TasksGetTheirInputsWithTheOutcome()
    {
        await CreateAsync(Some.Submission());
        var read = await Port.GetInputsAsync(Submission, Token);
        await Port.AddTasksAsync(Submission, [new("a", null), new("b", null, IsOver: true)], Token);

        await Port.UpdateInputsAsync(
            [read[0] with { TaskId = "a" }, read[1] with { TaskId = "b" }], [new("a", 0), new("b", 1), new("c", 2)],
            Token);

        Assert.Equal(
            [new("a", 0), new("b", 1, IsOver: true), new("c", 2)],
            (await Port.GetTasksAsync(Submission, Token)).OrderBy(task => task.TaskId));
        Assert.Equal(["a", "b"], (await Port.GetInputsAsync(Submission, Token)).Take(2).Select(input => input.TaskId));
    }

    [Fact]
    public async Task TheTasksOfAMessageAreReadWithTheirInputs()
    {
        var planned = Some.Submission(count: 40);
        await Port.CreateSubmissionAsync(planned, Some.Inputs(planned), Token);
        await Port.AddTasksAsync(
            Submission, [.. Enumerable.Range(0, 40).Select(i => new TaskEntry($"t{i}", i == 7 ? null : i))], Token);
        await Port.AddTasksAsync("list-000001", [new("other", 0)], Token);

        var read = await Port.GetTaskInputsAsync(
            Submission, [.. Enumerable.Range(0, 32).Select(i => $"t{i}"), "t3", "unknown", "other"], Token);

        Assert.Equal(
            Enumerable.Range(0, 32).Select(i => ($"t{i}", i == 7 ? null : (int?)i)).Order(),
            read.Select(row => (row.Task.TaskId, row.Input?.Ordinal)).Order());
        Assert.Empty(await Port.GetTaskInputsAsync(Submission, [], Token));
        Assert.Equal(
            await Port.GetInputAsync(Submission, 5, Token),
            Assert.Single(await Port.GetTaskInputsAsync(Submission, ["t5"], Token)).Input);
    }

    [Fact]
    [Trait("Promise", "10")]
    public async Task OutcomeCountsAreCurrent()
    {
        var planned = Some.Submission(count: 6);
        await Port.CreateSubmissionAsync(
            planned, [.. Some.Inputs(planned).Select(i => i.Ordinal == 5 ? i with { State = InputState.Failed } : i)],
            Token);
        Assert.Equal(new(5, 0, 1), await Port.CountOutcomesAsync(Submission, Token));

        InputState[] states = [InputState.Recorded, InputState.Failed, InputState.Moved, InputState.Recorded];
        await Port.UpdateInputsAsync(
            [.. (await Port.GetInputsAsync(Submission, Token)).Zip(states, (i, state) => i with { State = state })],
            Token);
        Assert.Equal(new(1, 2, 2), await Port.CountOutcomesAsync(Submission, Token));

        var read = await Port.GetInputsAsync(Submission, Token);
        await Port.UpdateInputsAsync(
            [
                read[0] with { TaskId = "another" }, read[1] with { State = InputState.Waiting },
                read[3] with { State = InputState.Failed }],
            Token);
        Assert.Equal(new(2, 1, 2), await Port.CountOutcomesAsync(Submission, Token));
        Assert.Equal(default, await Port.CountOutcomesAsync("list-000009", Token));
    }

    [Fact]
    public async Task AnUpdateOfSeveralInputsSkipsThoseChangedMeanwhile()
    {
        await CreateAsync(Some.Submission());
        var read = await Port.GetInputsAsync(Submission, Token);
        await Port.UpdateInputsAsync([read[1] with { TaskId = "first" }], Token);

        var written = await Port.UpdateInputsAsync([.. read.Select(input => input with { TaskId = "second" })], Token);

        Assert.Equal([true, false, true], written.Select(input => input is not null));
        Assert.Equal(
            ["second", "first", "second"],
            (await Port.GetInputsAsync(Submission, Token)).Select(input => input.TaskId));
    }

    [Fact]
    public async Task AnInputThatDoesNotExistIsNotWritten()
    {
        await CreateAsync(Some.Submission());
        var read = (await Port.GetInputAsync(Submission, 0, Token))!;

        Assert.Equal([null], await Port.UpdateInputsAsync([read with { Ordinal = 99 }], Token));

        Assert.Null(await Port.GetInputAsync(Submission, 99, Token));
    }

    [Fact]
    public async Task ExactlyOneOfFiftyConcurrentUpdatesOfAnInputWins()
    {
        await CreateAsync(Some.Submission());
        var read = (await Port.GetInputAsync(Submission, 0, Token))!;

        var results = await Task.WhenAll(
            Enumerable.Range(0, 50).Select(i => Port.UpdateInputsAsync([read with { TaskId = $"{i}" }], Token)));

        var winner = Assert.Single(results, result => result[0] is not null)[0];
        Assert.Equal(winner, await Port.GetInputAsync(Submission, 0, Token));
    }

    [Fact]
    public async Task TasksBelongToTheirSubmissionOnly()
    {
        await Port.AddTasksAsync(Submission, [new("a", 0), new("b", null)], Token);
        await Port.AddTasksAsync("list-000001", [new("c", 0)], Token);

        Assert.Equal(new TaskEntry("a", 0), await Port.GetTaskAsync(Submission, "a", Token));
        Assert.Equal(new TaskEntry("b", null), await Port.GetTaskAsync(Submission, "b", Token));
        Assert.Null(await Port.GetTaskAsync(Submission, "c", Token));
        Assert.Equal(["a", "b"], (await Port.GetTasksAsync(Submission, Token)).Select(task => task.TaskId).Order());
    }

    [Fact]
    public async Task AnExistingTaskKeepsItsRowButGainsAMissingOrdinal()
    {
        await Port.AddTasksAsync(Submission, [new("a", 0), new("b", null), new("c", null), new("d", 3)], Token);

        await Port.AddTasksAsync(
            Submission, [new("a", 5), new("b", 1), new("c", null), new("d", null), new("e", 4)], Token);

        Assert.Equal(
            [new("a", 0), new("b", 1), new("c", null), new("d", 3), new("e", 4)],
            (await Port.GetTasksAsync(Submission, Token)).OrderBy(task => task.TaskId, StringComparer.Ordinal));
    }

    [Fact]
    public async Task ATaskThatIsOverStaysSoAndKeepsItsInput()
    {
        await Port.AddTasksAsync(Submission, [new("a", 0), new("b", null), new("c", 2)], Token);

        await Port.AddTasksAsync(Submission, [new("a", 0, IsOver: true)], Token);
        await Port.AddTasksAsync(
            Submission,
            [new("a", null), new("b", 1, IsOver: true), new("c", null, IsOver: true), new("d", 3, IsOver: true)],
            Token);
        await Port.AddTasksAsync(Submission, [new("d", 9)], Token);

        Assert.Equal(
            [new("a", 0, true), new("b", 1, true), new("c", 2, true), new("d", 3, true)],
            (await Port.GetTasksAsync(Submission, Token)).OrderBy(task => task.TaskId, StringComparer.Ordinal));
        Assert.Equal(new TaskEntry("c", 2, true), await Port.GetTaskAsync(Submission, "c", Token));
    }

    [Fact]
    public async Task AThousandTasksAreStored()
    {
        await Port.AddTasksAsync(
            Submission, [.. Enumerable.Range(0, 1000).Select(i => new TaskEntry($"task-{i}", i))], Token);

        Assert.Equal(1000, (await Port.GetTasksAsync(Submission, Token)).DistinctBy(task => task.Ordinal).Count());
    }
}

using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Contracts;

/// <summary>
/// What <see cref="ILedger"/> promises about lists and submissions; <c>LedgerContract.Inputs.cs</c> has inputs and
/// tasks.
/// </summary>
public abstract partial class LedgerContract : PortContract<ILedger>
{
    [Fact]
    public async Task AMissingEntryIsNull()
    {
        Assert.Null(await Port.GetListAsync("none", Token));
        Assert.Null(await Port.GetSubmissionAsync("none-000000", Token));
        Assert.Null(await Port.GetInputAsync("none-000000", 0, Token));
        Assert.Null(await Port.GetTaskAsync("none-000000", "task", Token));
        Assert.Empty(await Port.GetInputsAsync("none-000000", Token));
        Assert.Empty(await Port.GetTasksAsync("none-000000", Token));
        Assert.Empty(await Port.GetSubmissionsAsync("none", Token).ToListAsync(Token));
        Assert.Empty(await Port.GetOpenListsAsync(Token).ToListAsync(Token));
        Assert.Empty(await Port.GetDueSubmissionsAsync(Some.Time, 10, Token));
    }

    [Fact]
    public async Task AListComesBackAsItWasWritten()
    {
        var created = await Port.CreateListAsync(Some.List(), Token);
        Assert.Equal(Some.List() with { Version = created.Version }, created);

        var updated = await Port.UpdateListAsync(
            created with { State = ListState.Open, Inputs = 7, ClosedAt = Some.Time.AddDays(1), Source = null }, Token);

        Assert.NotNull(updated);
        Assert.NotEqual(created.Version, updated.Version);
        Assert.Equal(
            created with
            {
                State = ListState.Open,
                Inputs = 7,
                ClosedAt = Some.Time.AddDays(1),
                Source = null,
                Version = updated.Version,
            },
            updated);
        Assert.Equal(updated, await Port.GetListAsync("list", Token));
    }

    [Fact]
    public async Task AnExistingListWinsOverANewOne()
    {
        var first = await Port.CreateListAsync(Some.List(), Token);

        var second = await Port.CreateListAsync(Some.List() with { Source = "another", Inputs = 1 }, Token);

        Assert.Equal(first, second);
    }

    [Fact]
    public async Task OneOfConcurrentCreatesWinsAndAllSeeIt()
    {
        var seen = await Task.WhenAll(
            Enumerable.Range(0, 30).Select(i => Port.CreateListAsync(Some.List() with { Source = $"{i}" }, Token)));

        Assert.Single(seen.Distinct());
    }

    [Fact]
    public async Task OpenListsAreThoseThatAreNotClosed()
    {
        foreach (var (id, state)
            in new[]
            {
                ("a", ListState.Planning),
                ("b", ListState.Open),
                ("c", ListState.Closed),
                ("d", ListState.Refused),
            })
        {
            var list = await Port.CreateListAsync(Some.List(id), Token);
            await Port.UpdateListAsync(list with { State = state }, Token);
        }

        Assert.Equal(
            ["a", "b"], (await Port.GetOpenListsAsync(Token).ToListAsync(Token)).Select(list => list.ListId).Order());
    }

    [Fact]
    public async Task ARefusedListIsReportedUntilItIsAccepted()
    {
        await Port.CreateListAsync(Some.List("open"), Token);
        var refused = await Port.CreateListAsync(Some.List("refused") with { State = ListState.Refused }, Token);
        var later = await Port.CreateListAsync(Some.List("later"), Token);
        later = (await Port.UpdateListAsync(later with { State = ListState.Refused }, Token))!;
        Assert.Equal(
            [later, refused], (await Port.GetRefusedListsAsync(Token).ToListAsync(Token)).OrderBy(list => list.ListId));

        await Port.UpdateListAsync(refused with { State = ListState.Planning, Message = null }, Token);

        Assert.Equal([later], await Port.GetRefusedListsAsync(Token).ToListAsync(Token));
        Assert.Equal(
            ["open", "refused"],
            (await Port.GetOpenListsAsync(Token).ToListAsync(Token)).Select(list => list.ListId).Order());
    }

    [Fact]
    public async Task EveryListIsListedOnceWhateverItsStateAndSubmissions()
    {
        Assert.Empty(await Port.GetListIdsAsync(Token).ToListAsync(Token));
        foreach (var id in new[] { "a", "list", "z_Z-9" })
        {
            var list = await Port.CreateListAsync(Some.List(id), Token);
            await Port.UpdateListAsync(list with { State = ListState.Closed }, Token);
        }
        await Port.CreateListAsync(Some.List("open"), Token);
        foreach (var sequence in new[] { 0, 1 })
            await Port.CreateSubmissionAsync(Some.Submission(sequence: sequence), [], Token);

        Assert.Equal(
            ["a", "list", "open", "z_Z-9"],
            (await Port.GetListIdsAsync(Token).ToListAsync(Token)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task AStaleListUpdateReturnsNullAndWritesNothing()
    {
        var read = await Port.CreateListAsync(Some.List(), Token);
        var first = await Port.UpdateListAsync(read with { Inputs = 1 }, Token);

        Assert.Null(await Port.UpdateListAsync(read with { Inputs = 2 }, Token));
        Assert.Null(await Port.UpdateListAsync(Some.List("never-created") with { Version = read.Version }, Token));

        Assert.Equal(first, await Port.GetListAsync("list", Token));
        Assert.Null(await Port.GetListAsync("never-created", Token));
    }

    [Fact]
    public async Task ASubmissionComesBackAsItWasWritten()
    {
        var planned = Some.Submission();
        await Port.CreateSubmissionAsync(planned, Some.Inputs(planned), Token);
        var created = (await Port.GetSubmissionAsync(planned.SubmissionId, Token))!;
        Assert.Equal(planned with { Version = created.Version }, created);

        var changed = created with
        {
            State = SubmissionState.Accepted,
            BatchId = "batch",
            PostedAt = Some.Time.AddHours(1),
            AcceptedAt = Some.Time.AddHours(2),
            DueAt = null,
            PollCount = 9,
            CompletedCount = 8,
            Attempt = 2,
            RepeatOf = "other",
            Proof = PostProof.Echo,
            Records = 7,
            Failures = 6,
            Message = null,
            StorageUrl = null,
            Compressed = false,
            HasCallback = false,
        };
        var updated = await Port.UpdateSubmissionAsync(changed, Token);

        Assert.NotNull(updated);
        Assert.NotEqual(created.Version, updated.Version);
        Assert.Equal(changed with { Version = updated.Version }, updated);
        Assert.Equal(updated, await Port.GetSubmissionAsync(planned.SubmissionId, Token));
    }

    [Fact]
    public async Task AnExistingSubmissionAndItsInputsWinOverNewOnes()
    {
        var planned = Some.Submission();
        await Port.CreateSubmissionAsync(planned, Some.Inputs(planned), Token);
        var (submission, inputs) = (
            await Port.GetSubmissionAsync(planned.SubmissionId, Token),
            await Port.GetInputsAsync(planned.SubmissionId, Token));

        await Port.CreateSubmissionAsync(
            planned with { Message = "another" },
            [.. Some.Inputs(planned).Select(input => input with { Url = "another" })], Token);

        Assert.Equal(submission, await Port.GetSubmissionAsync(planned.SubmissionId, Token));
        Assert.Equal(inputs, await Port.GetInputsAsync(planned.SubmissionId, Token));
    }

    [Fact]
    public async Task AReadableSubmissionIsComplete()
    {
        var planned = Some.Submission(count: 1000);
        var creating = Port.CreateSubmissionAsync(planned, Some.Inputs(planned), Token);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(Patience.Limit);
        while (await Port.GetSubmissionAsync(planned.SubmissionId, limit.Token) is null)
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        Assert.Equal(1000, (await Port.GetInputsAsync(planned.SubmissionId, Token)).Count);
        await creating;
    }

    [Fact]
    public async Task ExactlyOneOfFiftyConcurrentUpdatesOfASubmissionWins()
    {
        var planned = Some.Submission();
        await Port.CreateSubmissionAsync(planned, Some.Inputs(planned), Token);
        var read = (await Port.GetSubmissionAsync(planned.SubmissionId, Token))!;

        var results = await Task.WhenAll(
            Enumerable.Range(0, 50).Select(i => Port.UpdateSubmissionAsync(read with { Message = $"{i}" }, Token)));

        var winner = Assert.Single(results, result => result is not null);
        Assert.Equal(winner, await Port.GetSubmissionAsync(planned.SubmissionId, Token));
    }

    [Fact]
    public async Task TheSubmissionsOfAListAreOrderedBySequence()
    {
        foreach (var sequence in new[] { 11, 2, 0, 1 })
            await CreateAsync(Some.Submission("list", sequence));
        await CreateAsync(Some.Submission("list-2"));

        Assert.Equal(
            [0, 1, 2, 11],
            (
                await Port.GetSubmissionsAsync("list", Token).ToListAsync(Token)).Select(submission =>
                    submission.Sequence));
        Assert.Equal(
            [2, 11],
            await Port.GetSubmissionsAsync("list", 2, Token).Select(submission => submission.Sequence)
                .ToListAsync(Token));
        Assert.Empty(await Port.GetSubmissionsAsync("list", 12, Token).ToListAsync(Token));
    }

    [Fact]
    public async Task DueSubmissionsAreReturnedLongestOverdueFirst()
    {
        foreach (var (sequence, minutes) in new[] { (0, 3.0), (1, 1.0), (2, 2.0), (3, 4.0) })
            await CreateAsync(Some.Submission("list", sequence) with { DueAt = Some.Time.AddMinutes(minutes) });
        await CreateAsync(Some.Submission("list", 4) with { DueAt = null });

        Assert.Equal([1, 2, 0], await DueAsync(Some.Time.AddMinutes(3), 10));
        Assert.Equal([1, 2], await DueAsync(Some.Time.AddMinutes(3), 2));
        Assert.Empty(await DueAsync(Some.Time, 10));
    }

    [Fact]
    public async Task ASubmissionThatIsNoLongerDueIsNotFound()
    {
        await CreateAsync(Some.Submission());
        var submission = Assert.Single(await Port.GetDueSubmissionsAsync(Some.Time, 10, Token));

        submission = await Port.UpdateSubmissionAsync(submission with { DueAt = Some.Time.AddSeconds(1) }, Token);
        Assert.Empty(await Port.GetDueSubmissionsAsync(Some.Time, 10, Token));

        submission = await Port.UpdateSubmissionAsync(submission! with { DueAt = null }, Token);
        Assert.Empty(await Port.GetDueSubmissionsAsync(Some.Time.AddYears(1), 10, Token));

        await Port.UpdateSubmissionAsync(submission! with { DueAt = Some.Time }, Token);
        Assert.Single(await Port.GetDueSubmissionsAsync(Some.Time, 10, Token));
    }

    [Fact]
    public async Task WritesSurviveACrash()
    {
        var list = await Port.CreateListAsync(Some.List(), Token);
        var planned = Some.Submission();
        await CreateAsync(planned);
        await Port.AddTasksAsync(planned.SubmissionId, [new("task", 1)], Token);
        var submission = await Port.UpdateSubmissionAsync(
            (await Port.GetSubmissionAsync(planned.SubmissionId, Token))! with { State = SubmissionState.Posting },
            Token);
        var inputs = await Port.UpdateInputsAsync(await Port.GetInputsAsync(planned.SubmissionId, Token), Token);

        await CrashAsync();

        Assert.Equal(list, await Port.GetListAsync("list", Token));
        Assert.Equal(submission, await Port.GetSubmissionAsync(planned.SubmissionId, Token));
        Assert.Equal(inputs, await Port.GetInputsAsync(planned.SubmissionId, Token));
        Assert.Equal(new TaskEntry("task", 1), await Port.GetTaskAsync(planned.SubmissionId, "task", Token));
    }

    private Task CreateAsync(SubmissionEntry submission) =>
        Port.CreateSubmissionAsync(submission, Some.Inputs(submission), Token);

    private async Task<IEnumerable<int>> DueAsync(DateTimeOffset now, int max) =>
        (await Port.GetDueSubmissionsAsync(now, max, Token)).Select(due => due.Sequence);
}

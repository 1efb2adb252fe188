using Microsoft.Extensions.DependencyInjection;
using Pipeline.Model;
using Pipeline.Model.Actions;
using Pipeline.Ports;
using Pipeline.Ports.Ledgers;
using Pipeline.Ports.Reading;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Contracts;

/// <summary>What the ports for people promise: pages of lists, events, and finding an input.</summary>
public abstract class ReadingContract : IAsyncLifetime
{
    private ServiceProvider _services = null!;

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    private ILedger Ledger => _services.GetRequiredService<ILedger>();

    private IListCatalog Catalog => _services.GetRequiredService<IListCatalog>();

    private IEventLog Events => _services.GetRequiredService<IEventLog>();

    private IInputIndex Index => _services.GetRequiredService<IInputIndex>();

    public async ValueTask InitializeAsync() => _services = (await OpenAsync()).BuildServiceProvider();

    public virtual async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Registers the stores, on empty storage.</summary>
    private protected abstract Task<IServiceCollection> OpenAsync();

    [Fact]
    public async Task OpenListsComeInPages()
    {
        foreach (var id in new[] { "c", "a", "b", "d" })
            await CreateAsync(id, id == "b" ? ListState.Closed : ListState.Open);

        var first = await Catalog.GetOpenPageAsync("", 2, Token);
        var second = await Catalog.GetOpenPageAsync(first[^1].ListId, 2, Token);

        Assert.Equal(["a", "c"], first.Select(list => list.ListId));
        Assert.Equal(["d"], second.Select(list => list.ListId));
    }

    [Fact]
    public async Task AnOpenListIsShownAsItWasWrittenLast()
    {
        await CreateAsync("list", ListState.Open);
        var first = (await Ledger.GetListAsync("list", Token))!;
        var paused = await Ledger.UpdateListAsync(
            first with { Steering = ListSteering.Paused, SteeredAt = Some.Time, Inputs = 7 }, Token);
        // A change based on an old read does not count.
        Assert.Null(await Ledger.UpdateListAsync(first with { Steering = ListSteering.Cancelled }, Token));

        Assert.Equal(paused! with { Version = "" }, Assert.Single(await OpenAsync()) with { Version = "" });
        var resumed = await Ledger.UpdateListAsync(paused with { Steering = ListSteering.None }, Token);
        Assert.Equal(ListSteering.None, Assert.Single(await OpenAsync()).Steering);
        await Ledger.UpdateListAsync(resumed! with { State = ListState.Closed, ClosedAt = Some.Time }, Token);
        Assert.Empty(await OpenAsync());
        await ReopenAsync("list", close: false);
        Assert.Equal(ListState.Open, Assert.Single(await OpenAsync()).State);

        Task<IReadOnlyList<ListEntry>> OpenAsync() => Catalog.GetOpenPageAsync("", 10, Token);
    }

    [Fact]
    public async Task RefusedListsComeTheLatestFirstAndOldOnesAreLeftOut()
    {
        var now = TimeProvider.System.GetUtcNow();
        foreach (var (id, age) in new[] { ("a", 1), ("b", 2), ("c", 0), ("old", 8 * 24) })
        {
            var list = await Ledger.CreateListAsync(Some.List(id), Token);
            await Ledger.UpdateListAsync(
                list with { State = ListState.Refused, ClosedAt = now.AddHours(-age), Message = "bad" }, Token);
        }

        var refused = await Catalog.GetRefusedAsync(now.AddDays(-7), 10, Token);

        Assert.Equal(["a", "b", "c"], refused.Select(list => list.ListId).Order());
        Assert.All(refused, list => Assert.Equal("bad", list.Message));
        Assert.Equal(2, (await Catalog.GetRefusedAsync(now.AddDays(-7), 2, Token)).Count);
    }

    [Fact]
    public async Task TheLastActionOfEachListIsKeptForAWhile()
    {
        var actions = _services.GetRequiredService<IActionLedger>();
        var first = Action("list", Some.Time);
        Assert.Null(await actions.FindActionAsync("list", Token));
        await actions.UpdateActionAsync(first, Token);
        Assert.Null(await actions.FindActionAsync("list", Token));

        await actions.BeginActionAsync(first, Token);
        await actions.BeginActionAsync(Action(ActionEntry.AllLists, Some.Time.AddDays(6)), Token);
        var done = first with { Done = 3, Of = 10, Unit = "list", Note = "Ünï \"n\"", Result = "Done." };
        await actions.UpdateActionAsync(done, Token);
        Assert.Equal(done, await actions.FindActionAsync("list", Token));

        await actions.BeginActionAsync(Action("other", Some.Time.AddDays(8)), Token);
        Assert.Null(await actions.FindActionAsync("list", Token));
        Assert.NotNull(await actions.FindActionAsync(ActionEntry.AllLists, Token));

        // Times have millisecond precision.
        static ActionEntry Action(string subject, DateTimeOffset at) => new()
        {
            Subject = subject, Title = "Replay since", StartedAt = at.AddTicks(-(at.Ticks % TimeSpan.TicksPerSecond)),
            UpdatedAt = at.AddTicks(-(at.Ticks % TimeSpan.TicksPerSecond)),
        };
    }

    [Fact]
    public async Task OldActionsGoHoweverManyRecentOnesSortBeforeThem()
    {
        var actions = _services.GetRequiredService<IActionLedger>();
        var at = TimeProvider.System.GetUtcNow();
        await actions.BeginActionAsync(new() { Subject = "z", Title = "Old", StartedAt = at, UpdatedAt = at }, Token);
        var later = at + IActionLedger.Kept + TimeSpan.FromHours(1);
        for (var number = 0; number < 101; number++)
            await actions.BeginActionAsync(
                new() { Subject = $"a{number:D3}", Title = "Recent", StartedAt = later, UpdatedAt = later }, Token);

        Assert.Null(await actions.FindActionAsync("z", Token));
        Assert.NotNull(await actions.FindActionAsync("a000", Token));
    }

    [Fact]
    public async Task AKeyOfARequestCountsForItsTimeAndNoLonger()
    {
        var keys = _services.GetRequiredService<IRequestKeys>();
        var now = TimeProvider.System.GetUtcNow();
        var hour = TimeSpan.FromHours(1);
        await keys.AddRequestAsync("old", new("hash", "first"), now - IRequestKeys.Kept - hour, Token);
        await keys.AddRequestAsync("young", new("hash", "second"), now - IRequestKeys.Kept + hour, Token);

        Assert.Null(await keys.FindRequestAsync("old", Token));
        Assert.Equal("second", (await keys.FindRequestAsync("young", Token))?.ListId);
        Assert.Equal("third", (await keys.AddRequestAsync("old", new("hash", "third"), now, Token)).ListId);
        Assert.Equal("third", (await keys.FindRequestAsync("old", Token))?.ListId);
        Assert.Equal("second", (await keys.AddRequestAsync("young", new("hash", "fourth"), now, Token)).ListId);
    }

    [Fact]
    public async Task ClosedListsComeInPagesTheLatestFirstEachOnce()
    {
        for (var i = 0; i < 5; i++)
        {
            await CreateAsync($"l{i}", ListState.Closed, Some.Time.AddMinutes(i));
            if (i == 0)
                await ReopenAsync("l0");
        }

        var pages = new List<string>();
        ClosedPlace? after = null;
        while (await Catalog.GetClosedPageAsync(after, 2, Token) is { Count: > 0 } page)
        {
            pages.AddRange(page.Select(list => list.ListId));
            after = new(page[^1].ClosedAt!.Value, page[^1].ListId);
        }

        Assert.Equal(["l0", "l4", "l3", "l2", "l1"], pages);
    }

    [Fact]
    public async Task ALiveListHasItsOpenSubmissionsAndTheSumsOfAll()
    {
        await CreateAsync("list", ListState.Open);
        await PlanAsync("list", 0, SubmissionState.Closed, InputState.Recorded, InputState.Failed);
        await PlanAsync("list", 1, SubmissionState.Accepted, InputState.Recorded, InputState.Waiting);

        var live = Assert.Single(await Catalog.GetLiveAsync(["list"], Token));

        Assert.Equal(
            (1, 4, 2, 1),
            (live.ClosedSubmissions, live.Counts.Inputs, live.Counts.Records, live.Counts.Failures));
        var (submission, outcomes) = Assert.Single(live.Live);
        Assert.Equal(("list-000001", new OutcomeCounts(1, 1, 0)), (submission.SubmissionId, outcomes));
    }

    [Fact]
    public async Task EventsComeTheLatestFirstAndOldOnesGo()
    {
        var now = Some.Time.AddDays(60);
        await Events.AddEventAsync(new(Some.Time, EventKinds.Paused, "old", "anna", "old"), Token);
        await Events.AddEventAsync(new(now, EventKinds.Cancelled, "list", "anna", "Ünï \"code\""), Token);
        await Events.AddEventAsync(new(now.AddSeconds(1), EventKinds.Submitted, null, "bert", "later"), Token);

        var events = await Events.GetEventsAsync(10, Token);

        Assert.Equal(["later", "Ünï \"code\""], events.Select(e => e.Text));
        Assert.Equal(new EventEntry(now, EventKinds.Cancelled, "list", "anna", "Ünï \"code\""), events[1]);
    }

    [Fact]
    public async Task AnInputIsFoundByUrlInAnySpellingByIdTaskAndBatch()
    {
        await CreateAsync("one", ListState.Open);
        await CreateAsync("two", ListState.Closed);
        for (var i = 0; i < 20; i++)
            await PlanAsync("one", i, SubmissionState.Accepted, InputState.Waiting, InputState.Waiting);
        await PlanAsync("two", 0, SubmissionState.Closed, InputState.Recorded);
        var wanted = (await Ledger.GetInputAsync("one-000007", 1, Token))!;
        await Ledger.AddTasksAsync("one-000007", [new("task-7", 1), new("task-8", null)], Token);
        var submission = (await Ledger.GetSubmissionAsync("one-000007", Token))!;
        await Ledger.UpdateSubmissionAsync(submission with { BatchId = "batch-7" }, Token);

        Assert.Equal([wanted.Id], await FindAsync(InputKey.Id, wanted.Id));
        Assert.Equal([wanted.Id], await FindAsync(InputKey.Task, "task-7"));
        Assert.Equal(2, (await Index.FindAsync(new(InputKey.Task, "task-8"), 10, Token)).Inputs.Count);
        Assert.Equal(2, (await FindAsync(InputKey.Batch, "batch-7")).Count);
        Assert.Equal([wanted.Id], await FindAsync(InputKey.Url, wanted.Url.Replace("https://", "HTTPS://")));
        Assert.Equal([wanted.Id], await FindAsync(InputKey.Url, wanted.Url, "one"));
        Assert.Empty(await FindAsync(InputKey.Url, wanted.Url, "two"));
        Assert.Empty(await FindAsync(InputKey.Id, new('f', 32)));
        Assert.Empty(await FindAsync(InputKey.Task, "task-9"));
        Assert.Empty(await FindAsync(InputKey.Url, "' OR 1=1 --"));
    }

    [Fact]
    public async Task TheMessageOfAListIsKeptUnlessItIsTooLong()
    {
        var origins = _services.GetRequiredService<IListOrigins>();
        Assert.Null(await origins.FindOriginAsync("list", Token));
        await CreateAsync("list", ListState.Open);
        await PlanAsync("list", 0, SubmissionState.Planned, InputState.Waiting);
        await origins.PutOriginAsync("list", "first"u8.ToArray(), Token);
        await origins.PutOriginAsync("list", new byte[IListOrigins.MaxBytes], Token);
        await origins.PutOriginAsync("list", new byte[IListOrigins.MaxBytes + 1], Token);

        Assert.Equal(IListOrigins.MaxBytes, (await origins.FindOriginAsync("list", Token))!.Length);
        Assert.Single(await Ledger.GetSubmissionsAsync("list", Token).ToListAsync(Token));
        Assert.Empty(await Ledger.GetPinsAsync("list", Token).ToListAsync(Token));
    }

    private async Task<IReadOnlyList<string>> FindAsync(InputKey key, string value, string? listId = null)
    {
        var found = await Index.FindAsync(new(key, value, listId), 10, Token);
        Assert.True(found is { IsComplete: true, IsExact: true });
        return [.. found.Inputs.Select(input => input.Id)];
    }

    private async Task CreateAsync(string listId, ListState state, DateTimeOffset? closedAt = null)
    {
        var list = await Ledger.CreateListAsync(Some.List(listId), Token);
        await Ledger.UpdateListAsync(
            list with { State = state, ClosedAt = state == ListState.Closed ? closedAt ?? Some.Time : null }, Token);
    }

    private async Task ReopenAsync(string listId, bool close = true)
    {
        var open = await Ledger.UpdateListAsync(
            (await Ledger.GetListAsync(listId, Token))! with { State = ListState.Open, ClosedAt = null }, Token);
        if (close)
            await Ledger.UpdateListAsync(
                open! with { State = ListState.Closed, ClosedAt = Some.Time.AddHours(1) }, Token);
    }

    private async Task PlanAsync(string listId, int sequence, SubmissionState state, params InputState[] inputs)
    {
        var id = SubmissionIds.Of(listId, sequence);
        await Ledger.CreateSubmissionAsync(
            Some.Submission(count: inputs.Length) with
            {
                SubmissionId = id,
                ListId = listId,
                Sequence = sequence,
                State = state,
                RepeatOf = null,
                Records = state == SubmissionState.Closed ? inputs.Count(i => i == InputState.Recorded) : 0,
                Failures = state == SubmissionState.Closed ? inputs.Count(i => i == InputState.Failed) : 0,
            },
            [
                .. inputs.Select((input, i) => Some.Input(id, i) with
                {
                    State = input,
                    Id = $"{Math.Abs(string.GetHashCode($"{listId}{sequence}", StringComparison.Ordinal)):x8}{i:x24}",
                    Url = $"https://example.com/{listId}/{sequence}/{i}?q=ü",
                }),
            ],
            Token);
    }
}

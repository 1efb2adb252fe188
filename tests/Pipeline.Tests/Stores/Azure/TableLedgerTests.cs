using Azure.Data.Tables;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Stores.Azure;
using Pipeline.Stores.Azure.Ledger;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Stores.Azure;

/// <summary>
/// Azure's own part of the ledger: interrupted writes, lost answers, long texts, the index of due work. Against
/// Azurite.
/// </summary>
[Trait("Needs", "servers")]
public sealed class TableLedgerTests(Servers servers)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ACreateInterruptedAnywhereIsCompletedByRepeatingIt()
    {
        var planned = Some.Submission(count: 250);
        for (var survive = 0; ; survive++)
        {
            var azurite = await servers.AzureAsync();
            await PrepareTablesAsync(azurite);
            await using var proxy = await FaultProxy.StartAsync(
                azurite.Tables,
                [.. Enumerable.Repeat(new Fault(), survive), .. Enumerable.Repeat(new Fault { Status = 500 }, 1000)]);
            var error = await Record.ExceptionAsync(
                () =>
                    Ledger(
                        azurite, proxy.Address,
                        o => o with { MaxTries = 1 }).CreateSubmissionAsync(planned, Some.Inputs(planned), Ct));
            var ledger = Ledger(azurite);
            if (error is null)
            {
                // A read of the submission, three transactions of inputs, their counts, the list's member row, the due
                // row, its own row.
                Assert.Equal(8, survive);
                break;
            }

            Assert.False(Assert.IsType<PipelineException>(error).IsPermanent);
            Assert.Null(await ledger.GetSubmissionAsync(planned.SubmissionId, Ct));
            Assert.Empty(await ledger.GetSubmissionsAsync(planned.ListId, 0, Ct).ToListAsync(Ct));
            Assert.Empty(await ledger.GetDueSubmissionsAsync(Some.Time, 10, Ct));
            await ledger.CreateSubmissionAsync(planned, Some.Inputs(planned), Ct);
            Assert.Equal(250, (await ledger.GetInputsAsync(planned.SubmissionId, Ct)).Count);
            Assert.Single(await ledger.GetSubmissionsAsync(planned.ListId, 0, Ct).ToListAsync(Ct));
            Assert.Single(await ledger.GetDueSubmissionsAsync(Some.Time, 10, Ct));
        }
    }

    [Fact]
    public async Task AnInterruptedAddOfTasksIsCompletedByRepeatingIt()
    {
        var azurite = await servers.AzureAsync();
        await PrepareTablesAsync(azurite);
        var tasks = Enumerable.Range(0, 250).Select(i => new TaskEntry($"task-{i}", i)).ToList();
        await using var proxy = await FaultProxy.StartAsync(azurite.Tables, new(), new() { Status = 500 });
        await Assert.ThrowsAsync<PipelineException>(
            () => Ledger(azurite, proxy.Address, o => o with { MaxTries = 1 }).AddTasksAsync("list-000000", tasks, Ct));
        var ledger = Ledger(azurite);
        Assert.Equal(100, (await ledger.GetTasksAsync("list-000000", Ct)).Count);

        await ledger.AddTasksAsync("list-000000", tasks, Ct);

        Assert.Equal(tasks.Order(ByOrdinal), (await ledger.GetTasksAsync("list-000000", Ct)).Order(ByOrdinal));
    }

    [Fact]
    public async Task AWriteWhoseAnswerWasLostRecognizesItsOwnRow()
    {
        var azurite = await servers.AzureAsync();
        var ledger = Ledger(azurite);
        var list = await ledger.CreateListAsync(Some.List(), Ct);
        var planned = Some.Submission();
        await ledger.CreateSubmissionAsync(planned, Some.Inputs(planned), Ct);
        var inputs = await ledger.GetInputsAsync(planned.SubmissionId, Ct);
        var submission = (await ledger.GetSubmissionAsync(planned.SubmissionId, Ct))!;

        await using (var proxy = await LosingAsync(azurite, 0))
            submission = await Ledger(azurite, proxy.Address).UpdateSubmissionAsync(
                submission with { State = SubmissionState.Posting }, Ct);
        Assert.Equal(submission, await ledger.GetSubmissionAsync(planned.SubmissionId, Ct));
        await using (var proxy = await LosingAsync(azurite, 1))
            list = await Ledger(azurite, proxy.Address).UpdateListAsync(list with { Inputs = 9 }, Ct);
        Assert.Equal(list, await ledger.GetListAsync("list", Ct));
        // The first request reads this process's counter.
        await using (var proxy = await LosingAsync(azurite, 1))
            inputs =
            [
                .. (
                    await Ledger(azurite, proxy.Address).UpdateInputsAsync(
                        [.. inputs.Select(i => i with { TaskId = "t" })], Ct)).OfType<InputEntry>(),
            ];
        Assert.Equal(inputs, await ledger.GetInputsAsync(planned.SubmissionId, Ct));
        await using (var proxy = await LosingAsync(azurite, 1))
            inputs =
            [
                .. (
                    await Ledger(azurite, proxy.Address).UpdateInputsAsync(
                        [inputs[0] with { TaskId = "u" }], Ct)).OfType<InputEntry>(),
            ];
        Assert.Equal(Assert.Single(inputs), await ledger.GetInputAsync(planned.SubmissionId, 0, Ct));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ConcurrentUpdatesShareTransactionsAndAConflictFailsAlone(bool losesAnAnswer)
    {
        var azurite = await servers.AzureAsync();
        var planned = Some.Submission(count: 60);
        await Ledger(azurite).CreateSubmissionAsync(planned, Some.Inputs(planned), Ct);
        var inputs = await Ledger(azurite).GetInputsAsync(planned.SubmissionId, Ct);
        await Ledger(azurite).UpdateInputsAsync([inputs[30] with { TaskId = "other" }], Ct);
        // The first update is sent alone, after a read of the counter that is delayed. The others arrive meanwhile.
        await using var proxy = await FaultProxy.StartAsync(
            azurite.Tables, new() { Delay = TimeSpan.FromMilliseconds(300) }, new(),
            new() { LoseAnswer = losesAnAnswer });
        var ledger = Ledger(azurite, proxy.Address);

        var written = await Task.WhenAll(
            inputs.Select(async i => (await ledger.UpdateInputsAsync([i with { TaskId = "mine" }], Ct))[0]));

        Assert.Equal([30], written.Index().Where(w => w.Item is null).Select(w => w.Index));
        var stored = await Ledger(azurite).GetInputsAsync(planned.SubmissionId, Ct);
        Assert.Equal("other", stored[30].TaskId);
        Assert.Equal(stored.Where(i => i.Ordinal != 30), written.OfType<InputEntry>());
        // The counter, one alone, the others together, a read of the conflict and of the counter, together again; and
        // two reads for each lost answer.
        Assert.InRange(proxy.Seen.Count, 6, losesAnAnswer ? 200 : 6);
        Assert.Equal(new(60, 0, 0), await Ledger(azurite).CountOutcomesAsync(planned.SubmissionId, Ct));
    }

    [Fact]
    [Trait("Promise", "1")]
    public async Task WhoGivesTheLastOutcomeSeesItWhicheverProcessesShareTheWork()
    {
        var azurite = await servers.AzureAsync();
        var planned = Some.Submission(count: 90);
        await Ledger(azurite).CreateSubmissionAsync(planned, Some.Inputs(planned), Ct);
        var inputs = await Ledger(azurite).GetInputsAsync(planned.SubmissionId, Ct);
        // The answers of some transactions are lost, so that their processes do not know what they have counted.
        await using var proxy = await FaultProxy.StartAsync(
            azurite.Tables,
            [.. Enumerable.Range(0, 30).Select(i => i % 4 == 1 ? new Fault { LoseAnswer = true } : new Fault())]);
        TableLedger[] processes = [Ledger(azurite), Ledger(azurite), Ledger(azurite, proxy.Address)];

        var seen = await Task.WhenAll(inputs.Chunk(7).Select(async (some, i) =>
        {
            var ledger = processes[i % processes.Length];
            var state = i % 2 == 0 ? InputState.Recorded : InputState.Failed;
            var written = await ledger.UpdateInputsAsync([.. some.Select(input => input with { State = state })], Ct);
            Assert.DoesNotContain(null, written);
            return (await ledger.CountOutcomesAsync(planned.SubmissionId, Ct)).Waiting;
        }));

        Assert.Contains(0, seen);
        var recorded = inputs.Chunk(7).Where((_, i) => i % 2 == 0).Sum(some => some.Length);
        Assert.Equal(
            new(0, recorded, 90 - recorded), await Ledger(azurite).CountOutcomesAsync(planned.SubmissionId, Ct));
    }

    [Fact]
    public async Task ASubmissionWithoutCountersIsCountedByItsInputs()
    {
        var azurite = await servers.AzureAsync();
        var planned = Some.Submission(count: 5);
        var ledger = Ledger(azurite);
        await ledger.CreateSubmissionAsync(planned, Some.Inputs(planned), Ct);
        var table = azurite.Open().Tables.GetTableClient(AzureNames.LedgerTable);
        await table.DeleteEntityAsync(planned.SubmissionId, "c", cancellationToken: Ct);
        var input = (await ledger.GetInputAsync(planned.SubmissionId, 2, Ct))!;

        await ledger.UpdateInputsAsync([input with { State = InputState.Recorded }], Ct);

        Assert.Equal(new(4, 1, 0), await ledger.CountOutcomesAsync(planned.SubmissionId, Ct));
    }

    [Fact]
    public async Task AKnownTaskGetsItsInputWithOneReadAndOneWrite()
    {
        var azurite = await servers.AzureAsync();
        await PrepareTablesAsync(azurite);
        await using var proxy = await FaultProxy.StartAsync(azurite.Tables);
        var ledger = Ledger(azurite, proxy.Address);
        await ledger.AddTasksAsync(
            "list-000000", [.. Enumerable.Range(0, 5).Select(i => new TaskEntry($"task-{i}", null))], Ct);
        var before = proxy.Seen.Count;

        await ledger.AddTasksAsync("list-000000", [new("task-3", 7)], Ct);
        Assert.Equal(2, proxy.Seen.Count - before);
        await ledger.AddTasksAsync("list-000000", [new("task-3", 8)], Ct);
        await ledger.AddTasksAsync("list-000000", [new("task-9", 9)], Ct);

        Assert.Equal(
            [7, 9], (await ledger.GetTasksAsync("list-000000", Ct)).Select(t => t.Ordinal).OfType<int>().Order());
    }

    [Fact]
    public async Task ACreateWhoseAnswersAreAllLostIsStoredOnceAndDue()
    {
        var azurite = await servers.AzureAsync();
        await PrepareTablesAsync(azurite);
        await using var proxy = await FaultProxy.StartAsync(
            azurite.Tables,
            [.. Enumerable.Range(0, 10).SelectMany(_ => new[] { new Fault { LoseAnswer = true }, new Fault() })]);
        var planned = Some.Submission();

        await Ledger(azurite, proxy.Address).CreateSubmissionAsync(planned, Some.Inputs(planned), Ct);

        Assert.Equal(3, (await Ledger(azurite).GetInputsAsync(planned.SubmissionId, Ct)).Count);
        Assert.Single(await Ledger(azurite).GetDueSubmissionsAsync(Some.Time, 10, Ct));
    }

    [Fact]
    public async Task LongTextsAreReadBackAndTooLongOnesAreRefused()
    {
        var ledger = Ledger(await servers.AzureAsync());
        // A character of two UTF-16 units crosses the end of a property.
        var text = new string('"', (32 * 1024) - 1) + "😀" + new string('ü', 40_000);
        var inputs = Enumerable.Range(0, 30).Select(
            i => Some.Input("list-000000", i) with { Input = text, Url = "" }).ToList();
        await ledger.CreateSubmissionAsync(Some.Submission(count: 30) with { SharedInputs = text }, inputs, Ct);

        Assert.All(
            await ledger.GetInputsAsync("list-000000", Ct),
            input => Assert.Equal((text, ""), (input.Input, input.Url)));
        Assert.Equal(text, (await ledger.GetSubmissionAsync("list-000000", Ct))!.SharedInputs);

        var huge = Some.Input("list-000001", 0) with { Input = new string('x', 600_000) };
        var error = await Assert.ThrowsAsync<PipelineException>(
            () => ledger.CreateSubmissionAsync(Some.Submission("list", 1, 1), [huge], Ct));
        Assert.Equal((FailureReasons.LimitExceeded, true), (error.Reason, error.IsPermanent));
        Assert.Contains("Row 'i0000' of 'list-000001' has 600", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ADueTimeThatChangesOftenLeavesOnlyOneRow()
    {
        var azurite = await servers.AzureAsync();
        var ledger = Ledger(azurite);
        await ledger.CreateSubmissionAsync(Some.Submission(), Some.Inputs(Some.Submission()), Ct);
        var submission = (await ledger.GetSubmissionAsync("list-000000", Ct))!;
        var stale = submission;
        for (var i = 1; i <= 5; i++)
            submission = (
                await ledger.UpdateSubmissionAsync(
                    submission with { DueAt = Some.Time.AddMinutes(i % 2), PollCount = i }, Ct))!;

        Assert.Null(await ledger.UpdateSubmissionAsync(stale with { DueAt = Some.Time.AddMinutes(9) }, Ct));
        Assert.Single(await DueRowsAsync(azurite));
        Assert.Equal([submission], await ledger.GetDueSubmissionsAsync(Some.Time.AddMinutes(1), 10, Ct));

        await ledger.UpdateSubmissionAsync(submission with { DueAt = null }, Ct);
        Assert.Empty(await DueRowsAsync(azurite));
    }

    [Fact]
    public async Task ADueRowLeftByACrashIsSkippedAndRemovedAfterTheGracePeriod()
    {
        var azurite = await servers.AzureAsync();
        var time = new FakeTimeProvider(Some.Time);
        var ledger = new TableLedger(azurite.Open(), time);
        var index = new DueIndex(azurite.Open().Table(AzureNames.DueTable), time);
        await ledger.CreateSubmissionAsync(Some.Submission(), Some.Inputs(Some.Submission()), Ct);
        await index.AddAsync("list-000000", Some.Time.AddHours(-1), Ct);
        await index.AddAsync("never-000000", Some.Time.AddHours(-2), Ct);

        time.Advance(TimeSpan.FromMinutes(50));
        Assert.Single(await ledger.GetDueSubmissionsAsync(Some.Time, 1, Ct));
        Assert.Equal(3, (await DueRowsAsync(azurite)).Count);

        time.Advance(TimeSpan.FromMinutes(20));
        Assert.Single(await ledger.GetDueSubmissionsAsync(Some.Time, 1, Ct));
        Assert.Single(await DueRowsAsync(azurite));
    }

    [Fact]
    public async Task AClosedListLeavesTheIndexAndAReopenedOneIsFoundAgain()
    {
        var azurite = await servers.AzureAsync();
        var time = new FakeTimeProvider(Some.Time);
        var ledger = new TableLedger(azurite.Open(), time);
        var closed = (
            await ledger.UpdateListAsync(
                await ledger.CreateListAsync(Some.List(), Ct) with { State = ListState.Closed }, Ct))!;
        time.Advance(TimeSpan.FromMinutes(61));
        Assert.Empty(await ledger.GetOpenListsAsync(Ct).ToListAsync(Ct));
        // Only the index of closed lists contains it now.
        Assert.Equal(LedgerKeys.ClosedListsPartition,
            Assert.Single(await Rows(azurite, AzureNames.DueTable).ToListAsync(Ct)).PartitionKey);

        await ledger.UpdateListAsync(closed with { State = ListState.Open }, Ct);

        Assert.Single(await ledger.GetOpenListsAsync(Ct).ToListAsync(Ct));
    }

    private static Comparer<TaskEntry> ByOrdinal =>
        Comparer<TaskEntry>.Create((a, b) => Nullable.Compare(a.Ordinal, b.Ordinal));

    private static Task<FaultProxy> LosingAsync(AzuriteAccount azurite, int after) =>
        FaultProxy.StartAsync(
            azurite.Tables, [.. Enumerable.Repeat(new Fault(), after), new Fault { LoseAnswer = true }]);

    private static TableLedger Ledger(
        AzuriteAccount azurite, Uri? tables = null, Func<AzureStorageOptions, AzureStorageOptions>? change = null) =>
        new(azurite.Open(tables: tables, change: change), TimeProvider.System);

    private static async Task PrepareTablesAsync(AzuriteAccount azurite)
    {
        foreach (var table in new[] { AzureNames.LedgerTable, AzureNames.DueTable })
            await azurite.Open().Tables.CreateTableIfNotExistsAsync(table, Ct);
    }

    private static Task<List<TableEntity>> DueRowsAsync(AzuriteAccount azurite) =>
        Rows(azurite, AzureNames.DueTable).ToListAsync(Ct).AsTask();

    private static IAsyncEnumerable<TableEntity> Rows(AzuriteAccount azurite, string table) =>
        azurite.Open().Tables.GetTableClient(table).QueryAsync<TableEntity>(cancellationToken: Ct);
}

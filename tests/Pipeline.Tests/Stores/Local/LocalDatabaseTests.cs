using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Stores.Local;
using Pipeline.Stores.Local.Ledger;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Stores.Local;

public sealed class LocalDatabaseTests : IAsyncDisposable
{
    private readonly LocalState _state = new();

    // What version 8 has added.
    private const string SinceVersion7 =
        """
        DROP TABLE series; DROP TABLE series_run; DROP TABLE series_pin;
        ALTER TABLE list DROP COLUMN series; ALTER TABLE list DROP COLUMN left_out; ALTER TABLE list DROP COLUMN known;
        ALTER TABLE list DROP COLUMN known_since; ALTER TABLE list DROP COLUMN removed;
        ALTER TABLE list DROP COLUMN revision_of;
        ALTER TABLE input DROP COLUMN series; ALTER TABLE submission DROP COLUMN series;
        ALTER TABLE input DROP COLUMN part; ALTER TABLE input DROP COLUMN part_offset;
        ALTER TABLE input DROP COLUMN part_length; ALTER TABLE input DROP COLUMN content_digest;
        DROP TABLE input_filter; DROP TABLE list_origin;
        ALTER TABLE submission DROP COLUMN lost_since; ALTER TABLE submission DROP COLUMN lost_until;
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _state.DisposeAsync();

    [Fact]
    public async Task AFailedWriteLeavesNoTraceAndDoesNotFailTheOthersInItsBatch()
    {
        var database = await _state.OpenAsync();
        using var gate = new ManualResetEventSlim();
        // Blocks the writer, so that the following writes become one batch.
        var first = database.WriteAsync(_ => gate.Pass(), durable: false, Token);

        var writes = Enumerable.Range(0, 10).Select(i => database.WriteAsync(
            session =>
            {
                session.Execute("INSERT INTO setting(name, value) VALUES($1, 'x')", $"{i}");
                if (i == 4)
                    throw new InvalidOperationException("a bug");
            },
            durable: false,
            Token)).ToList();
        gate.Set();
        await first;

        await Assert.ThrowsAsync<InvalidOperationException>(() => writes[4]);
        await Task.WhenAll(writes.Where((_, i) => i != 4));
        Assert.Equal(9L, await database.ReadAsync(session => session.Scalar("SELECT COUNT(*) FROM setting"), Token));
        Assert.Null(
            await database.ReadAsync(session => session.Scalar("SELECT value FROM setting WHERE name='4'"), Token));
    }

    [Fact]
    public async Task AWriteCancelledWhileWaitingDoesNotRun()
    {
        var database = await _state.OpenAsync();
        using var gate = new ManualResetEventSlim();
        using var cancelled = new CancellationTokenSource();
        var first = database.WriteAsync(_ => gate.Pass(), durable: false, Token);
        var ran = false;

        var write = database.WriteAsync(_ => ran = true, durable: false, cancelled.Token);
        await cancelled.CancelAsync();
        gate.Set();
        await first;

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write);
        Assert.False(ran);
    }

    [Fact]
    public async Task OnlyABatchWithADurableWriteIsSyncedAtItsCommit()
    {
        var database = await _state.OpenAsync();

        foreach (var durable in new[] { false, true, false, true })
        {
            // https://www.sqlite.org/pragma.html#pragma_synchronous: 1 is NORMAL, 2 is FULL.
            Assert.Equal(
                durable ? 2L : 1L,
                await database.WriteAsync(session => session.Scalar("PRAGMA synchronous"), durable, Token));
        }
    }

    [Fact]
    public async Task TwoInstancesCanWriteAlternately()
    {
        var (one, two) = (await _state.OpenAsync(), await _state.OpenAsync());
        await one.WriteAsync(
            session => session.Execute("INSERT INTO setting(name, value) VALUES('n', '0')"), durable: false, Token);

        await Task.WhenAll(Enumerable.Range(0, 200).Select(i => (i % 2 == 0 ? one : two).WriteAsync(
            session =>
            {
                var n = int.Parse((string)session.Scalar("SELECT value FROM setting WHERE name='n'")!);
                session.Execute("UPDATE setting SET value=$1 WHERE name='n'", $"{n + 1}");
            },
            durable: false,
            Token)));

        Assert.Equal(
            "200", await two.ReadAsync(session => session.Scalar("SELECT value FROM setting WHERE name='n'"), Token));
    }

    [Fact]
    public async Task AFullDiskIsATransientErrorAndTheWriterContinues()
    {
        var database = await _state.OpenAsync();
        await database.WriteAsync(session => session.Script("PRAGMA max_page_count=60"), durable: false, Token);

        var error = await Assert.ThrowsAsync<PipelineException>(() => database.WriteAsync(
            session =>
                session.Execute("INSERT INTO setting(name, value) VALUES('big', $1)", new string('x', 1_000_000)),
                durable: false, Token));

        Assert.Equal((true, false), (error.IsStoreFault, error.StopsHost));
        Assert.Equal(FailureReasons.Unavailable, error.Reason);
        Assert.Equal(
            $"The disk that holds '{database.Path}' is full. Free some space; nothing that was written is lost.",
            error.Message);
        await database.WriteAsync(
            session => session.Execute("INSERT INTO setting(name, value) VALUES('small', 'x')"), durable: false, Token);
        Assert.Null(
            await database.ReadAsync(session => session.Scalar("SELECT value FROM setting WHERE name='big'"), Token));
    }

    [Fact]
    public async Task AWriterThatCannotRollBackFailsAllWaitingAndLaterWritesWithTheCause()
    {
        var database = await _state.OpenAsync();
        using var started = new SemaphoreSlim(0);
        using var gate = new ManualResetEventSlim();
        var first = database.WriteAsync(
            _ =>
            {
                started.Release();
                gate.Pass();
            },
            durable: false,
            Token);
        await started.WaitAsync(Token);
        var breaking = database.WriteAsync(
            session =>
            {
                session.Enlist(commit =>
                {
                    if (!commit)
                        throw new IOException("the disk is on fire");
                });
                throw new InvalidOperationException("what was to be rolled back");
            },
            durable: false,
            Token);
        var waiting = Enumerable.Range(0, 600).Select(i => database.WriteAsync(
            session =>
                session.Execute("INSERT INTO setting(name, value) VALUES($1, 'x')", $"{i}"), durable: false,
                Token)).ToList();
        gate.Set();
        await first;

        foreach (var write in (Task[])[breaking, .. waiting, database.WriteAsync(_ => { }, durable: true, Token)])
        {
            var error = await Assert.ThrowsAsync<PipelineException>(
                () => write.WaitAsync(Patience.Limit, Token));
            Assert.True(error.StopsHost);
            Assert.Contains("the disk is on fire", error.Message, StringComparison.Ordinal);
        }
        Assert.Equal(0L, await database.ReadAsync(session => session.Scalar("SELECT COUNT(*) FROM setting"), Token));
    }

    [Fact]
    public async Task AStateMovedWhileOpenStopsTheWork()
    {
        var database = await _state.OpenAsync();
        Directory.Move(_state.StateFolder, _state.StateFolder + "-moved");

        foreach (var use in (Func<Task>[])
            [
                () => database.WriteAsync(_ => { }, durable: false, Token),
                () => database.ReadAsync(session => session.Scalar("SELECT 1"), Token)])
        {
            var error = await Assert.ThrowsAsync<PipelineException>(use);
            Assert.True(error.StopsHost);
            Assert.StartsWith($"There is no file '{database.Path}' any more:", error.Message, StringComparison.Ordinal);
        }
        Assert.False(Directory.Exists(_state.StateFolder));
    }

    [Fact]
    public async Task AFileThatIsNotAStateIsRefused()
    {
        Directory.CreateDirectory(_state.StateFolder);
        await File.WriteAllTextAsync(Path.Combine(_state.StateFolder, "state.db"), new string('x', 5000), Token);

        var error = await Assert.ThrowsAsync<PipelineException>(_state.OpenAsync);

        Assert.True(error.IsPermanent);
        Assert.Contains("is damaged or was not written by this program", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AStateOfVersion4IsMigratedWithItsContent()
    {
        var database = await _state.OpenAsync();
        var ledger = new LocalLedger(database);
        await ledger.CreateListAsync(Some.List() with { ContentHash = null, Message = null }, Token);
        await ledger.CreateSubmissionAsync(
            Some.Submission(count: 1), [Some.Input("list-000000", 0) with { Kept = null, HttpStatus = null }], Token);
        await database.WriteAsync(session => session.Script(
            "ALTER TABLE list DROP COLUMN content_hash; ALTER TABLE list DROP COLUMN message; ALTER TABLE "
                + "input DROP COLUMN kept; "
            + "ALTER TABLE input DROP COLUMN http_status; ALTER TABLE task DROP COLUMN is_over; "
            + "ALTER TABLE list DROP COLUMN steering; ALTER TABLE list DROP COLUMN steered_at; DROP TABLE event; "
            + "ALTER TABLE submission DROP COLUMN tally; "
            + SinceVersion7 + "PRAGMA user_version=4"),
            durable: true, Token);

        ledger = new LocalLedger(await _state.OpenAsync());
        var list = (await ledger.GetListAsync("list", Token))!;
        Assert.Equal(
            (null, null, 1L),
            (list.ContentHash, list.Message, (await ledger.GetInputAsync("list-000000", 0, Token))!.Line));
        await ledger.UpdateListAsync(list with { ContentHash = new('b', 64) }, Token);

        Assert.Equal(new('b', 64), (await ledger.GetListAsync("list", Token))!.ContentHash);
    }

    [Fact]
    public async Task AStateOfVersion3IsMigratedAndItsOutcomesAreCounted()
    {
        var database = await _state.OpenAsync();
        InputState[] states =
        [
            InputState.Recorded,
            InputState.Failed,
            InputState.Moved,
            InputState.Waiting,
            InputState.Recorded,
        ];
        await new LocalLedger(database).CreateSubmissionAsync(
            Some.Submission(count: 5) with { Setback = null, ResultSetback = null, NotBefore = null },
            [.. states.Select((state, i) => Some.Input("list-000000", i) with { State = state, Kept = null })], Token);
        await database.WriteAsync(session => session.Script(
            """
            DROP TRIGGER input_created; DROP TRIGGER input_changed;
            ALTER TABLE list DROP COLUMN setback; ALTER TABLE list DROP COLUMN content_hash;
            ALTER TABLE list DROP COLUMN message;
            ALTER TABLE submission DROP COLUMN setback; ALTER TABLE submission DROP COLUMN result_setback;
            ALTER TABLE submission DROP COLUMN not_before;
            ALTER TABLE submission DROP COLUMN recorded; ALTER TABLE submission DROP COLUMN failed;
            ALTER TABLE submission DROP COLUMN moved; ALTER TABLE submission DROP COLUMN tally;
            ALTER TABLE input DROP COLUMN kept; ALTER TABLE input DROP COLUMN http_status;
            ALTER TABLE task DROP COLUMN is_over;
            ALTER TABLE list DROP COLUMN steering; ALTER TABLE list DROP COLUMN steered_at; DROP TABLE event;
            PRAGMA user_version=3;
            """ + SinceVersion7), durable: true, Token);

        var ledger = new LocalLedger(await _state.OpenAsync());
        Assert.Equal(new(1, 2, 1), await ledger.CountOutcomesAsync("list-000000", Token));
        await ledger.UpdateInputsAsync(
            [(await ledger.GetInputAsync("list-000000", 3, Token))! with { State = InputState.Failed }], Token);
        Assert.Equal(new(0, 2, 2), await ledger.CountOutcomesAsync("list-000000", Token));
    }

    [Fact]
    public async Task AStateOfANewerVersionIsRefused()
    {
        var database = await _state.OpenAsync();
        await database.WriteAsync(session => session.Script("PRAGMA user_version=99"), durable: false, Token);

        var error = await Assert.ThrowsAsync<PipelineException>(_state.OpenAsync);

        Assert.True(error.IsPermanent);
        Assert.Equal(
            $"The state file '{database.Path}' was written by a newer version of this program. Use that version, "
                + "or another state folder.",
            error.Message);
    }

    [Fact]
    public async Task AFolderThatCannotBeCreatedIsNamed()
    {
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(folder["file"], "", Token);

        var error = await Assert.ThrowsAsync<PipelineException>(() => LocalDatabase.OpenAsync(folder["file"], Token));

        Assert.True(error.IsPermanent);
        Assert.StartsWith($"Cannot store the state in '{folder["file"]}'", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("SELECT * FROM submission WHERE due_at<=5 ORDER BY due_at LIMIT 3", "submission_due")]
    [InlineData(
        "SELECT * FROM submission WHERE list_id='a' AND sequence>1 ORDER BY sequence LIMIT 3", "submission_list")]
    [InlineData("SELECT * FROM list WHERE state<>2 AND list_id>'a' ORDER BY list_id LIMIT 3", "list_open")]
    [InlineData(
        "SELECT * FROM message WHERE queue='a' AND visible_at<=5 ORDER BY visible_at, id LIMIT 3", "message_visible")]
    [InlineData("SELECT MIN(visible_at) FROM message WHERE queue='a'", "message_visible")]
    [InlineData("SELECT DISTINCT owner FROM message WHERE owner IS NOT NULL", "message_owner")]
    public async Task TheHotQueriesUseAnIndexAndSortNothing(string query, string index)
    {
        var database = await _state.OpenAsync();

        var plan = await database.ReadAsync(
            session =>
            {
                var steps = new List<string>();
                using var rows = session.Query($"EXPLAIN QUERY PLAN {query}");
                while (rows.Read())
                    steps.Add(rows.GetString(3));
                return steps;
            },
            Token);

        Assert.Contains(index, Assert.Single(plan), StringComparison.Ordinal);
    }

    [Fact]
    public void AProcessIsDistinguishedFromAnotherWithTheSameId()
    {
        var parts = ProcessOwner.Current.Split('/');

        Assert.False(ProcessOwner.HasEnded(ProcessOwner.Current));
        Assert.False(ProcessOwner.HasEnded(string.Join('/', "another-machine", parts[1], "1", "1")));
        Assert.True(ProcessOwner.HasEnded(string.Join('/', parts[0], parts[1], parts[2], "1")));
        Assert.True(ProcessOwner.HasEnded(string.Join('/', parts[0], parts[1], $"{int.MaxValue}", parts[3])));
        Assert.True(ProcessOwner.HasEnded(string.Join('/', parts[0], "another-boot", parts[2], parts[3])));
    }
}

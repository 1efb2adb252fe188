using Microsoft.Data.Sqlite;
using Pipeline.Stores.Local;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Stores.Local;

/// <summary>What goes into a statement comes out of it, and a statement never answers for another execution.</summary>
public sealed class SqlSessionTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly SqlSession _session;

    public SqlSessionTests() => _session = new(PathOf("state.db"), create: true);

    public static TheoryData<object?> Values() => new(
        new object?[]
        {
            null, "", "text", "one\0two", "Ωλ€ 😀", new string('é', 100_000), 0L, -1L, long.MaxValue, long.MinValue,
            Array.Empty<byte>(), new byte[] { 0, 255, 0 }, new byte[100_000],
        });

    public void Dispose()
    {
        _session.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [MemberData(nameof(Values))]
    public void AValueComesBackAsItWas(object? value)
    {
        _session.Execute("CREATE TABLE t(value)");
        _session.Execute("INSERT INTO t(value) VALUES($1)", value);

        Assert.Equal(value, _session.Scalar("SELECT value FROM t"));
        Assert.Equal(1L, _session.Scalar("SELECT COUNT(*) FROM t WHERE value IS $1", value));
    }

    [Fact]
    public void AnIntegerAndAFlagAreNumbers()
    {
        Assert.Equal(7L, _session.Scalar("SELECT $1", 7));
        Assert.Equal((1L, 0L), (_session.Scalar("SELECT $1", true), _session.Scalar("SELECT $1", false)));
    }

    [Fact]
    public void RowsGiveEachColumnInItsType()
    {
        using var rows = _session.Query("SELECT 7, 1, 'text', x'00ff', NULL UNION ALL SELECT 8, 0, '', x'', 1");

        Assert.True(rows.Read());
        Assert.Equal((7, 7L), (rows.GetInt32(0), rows.GetInt64(0)));
        Assert.Equal((true, "text"), (rows.GetBoolean(1), rows.GetString(2)));
        Assert.Equal([0, 255], rows.GetBytes(3));
        Assert.True(rows.IsNull(4));
        Assert.True(rows.Read());
        Assert.Equal((8, false, ""), (rows.GetInt32(0), rows.GetBoolean(1), rows.GetString(2)));
        Assert.Empty(rows.GetBytes(3));
        Assert.False(rows.IsNull(4));
        Assert.False(rows.Read());
        Assert.Equal(5, rows.Columns);
    }

    [Fact]
    public void ParametersAreFoundByName() =>
        Assert.Equal("b-a-b", _session.Scalar("SELECT $2 || '-' || $1 || '-' || $2", "a", "b"));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public void EveryParameterNeedsAnArgument(int count)
    {
        var arguments = new object?[count];

        Assert.Throws<ArgumentException>(() => _session.Scalar("SELECT $1, $2", arguments));
    }

    [Fact]
    public void RowsThatAreStillReadAreNotLostToAnotherExecution()
    {
        const string Query = "SELECT value FROM json_each($1)";
        using (var rows = _session.Query(Query, "[1,2]"))
        {
            Assert.True(rows.Read());
            Assert.Throws<InvalidOperationException>(() => _session.Query(Query, "[3]"));
            Assert.True(rows.Read());
            Assert.Equal(2, rows.GetInt32(0));
        }

        Assert.Equal(3L, _session.Scalar(Query, "[3]"));
    }

    [Fact]
    public void AnErrorNamesItsCauseAndTheStatementCanRunAgain()
    {
        _session.Execute("CREATE TABLE t(id INTEGER PRIMARY KEY)");
        const string Insert = "INSERT INTO t(id) VALUES($1)";
        Assert.Equal(1, _session.Execute(Insert, 1));

        var error = Assert.Throws<SqliteException>(() => _session.Execute(Insert, 1));

        Assert.Contains("UNIQUE constraint failed: t.id", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, _session.Execute(Insert, 2));
    }

    [Fact]
    public void ExecuteCountsTheRowsOfItsOwnStatement()
    {
        _session.Script("CREATE TABLE t(id INTEGER PRIMARY KEY); INSERT INTO t(id) VALUES(1), (2), (3);");

        Assert.Equal(2, _session.Execute("DELETE FROM t WHERE id>$1", 1));
        Assert.Equal(0, _session.Execute("DELETE FROM t WHERE id>$1", 1));
    }

    [Fact]
    public void AMissingFileIsNotCreatedByAReader()
    {
        var error = Assert.Throws<SqliteException>(() => new SqlSession(PathOf("other.db"), create: false));

        Assert.Equal(14, error.SqliteErrorCode);
        Assert.False(File.Exists(PathOf("other.db")));
    }

    [Fact]
    public async Task AWriterWaitsForTheLockOfAnother()
    {
        _session.Script("PRAGMA journal_mode=WAL; CREATE TABLE t(id INTEGER PRIMARY KEY); BEGIN IMMEDIATE;");
        using var other = new SqlSession(PathOf("state.db"), create: false);

        var stop = TestContext.Current.CancellationToken;
        var waiting = Task.Run(() => other.Execute("INSERT INTO t(id) VALUES(1)"), stop);
        await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, stop);
        Assert.False(waiting.IsCompleted);
        _session.Script("COMMIT");

        Assert.Equal(1, await waiting);
    }

    [Fact]
    public void TheLogCanBeTurnedOnByManyAtOnce()
    {
        // SQLite itself does not wait for this lock.
        var path = PathOf("new.db");

        Parallel.For(0, 8, _ =>
        {
            using var session = new SqlSession(path, create: true);
            session.Script("PRAGMA journal_mode=WAL; BEGIN IMMEDIATE; CREATE TABLE IF NOT EXISTS t(id); COMMIT;");
        });

        using var last = new SqlSession(path, create: false);
        Assert.Equal("wal", last.Scalar("PRAGMA journal_mode"));
    }

    private string PathOf(string name) => Path.Combine(_folder.Path, name);
}

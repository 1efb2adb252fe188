using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Moq;
using Pipeline.Model;
using Pipeline.Model.Schedules;
using Pipeline.Ports;
using Pipeline.Ports.Ledgers;
using Pipeline.Scheduling;
using Pipeline.Stores.Azure.Catalog;
using Pipeline.Stores.Local;
using Pipeline.Stores.Local.Ledger;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Scheduling;

/// <summary>A schedule submits its list once each time it is due.</summary>
public abstract class ScheduleRunnerSuite : IAsyncDisposable
{
    private static readonly DateTimeOffset Start = new(2026, 11, 29, 5, 59, 0, TimeSpan.Zero);

    private readonly FakeTimeProvider _time = new(Start);
    private readonly Mock<ILedger> _ledger = new();
    private readonly Mock<IWorkQueue> _queue = new();
    private readonly List<JsonElement> _sent = [];

    private protected ScheduleRunnerSuite() => _queue
        .Setup(q => q.SendAsync(
            QueueNames.UrlLists, It.IsAny<IReadOnlyList<ReadOnlyMemory<byte>>>(), TimeSpan.Zero,
            It.IsAny<CancellationToken>()))
        .Callback((string _, IReadOnlyList<ReadOnlyMemory<byte>> messages, TimeSpan _, CancellationToken _) =>
            _sent.AddRange(messages.Select(message => JsonElement.Parse(message.Span))))
        .Returns(Task.CompletedTask);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private protected abstract Task<IScheduleLedger> OpenAsync();

    public abstract ValueTask DisposeAsync();

    [Fact]
    public async Task AListIsSubmittedWhenItIsDueAndOnlyThen()
    {
        var (runner, ledger) = await AddAsync(Daily());
        await runner.FireDueAsync(Ct);
        Assert.Empty(_sent);

        await FireAtAsync(runner, Start.AddMinutes(1));
        await FireAtAsync(runner, Start.AddMinutes(2));

        var message = Assert.Single(_sent);
        Assert.Equal("daily-20261129-0600", message.GetProperty("list_id").GetString());
        Assert.Equal("file:///lists/daily.txt", message.GetProperty("source").GetString());
        Assert.Equal("shops", message.GetProperty("series").GetString());
        var entry = Assert.Single(await ledger.GetSchedulesAsync(Ct)).Entry;
        Assert.Equal(
            (Start.AddDays(1).AddMinutes(1), "daily-20261129-0600"), (entry.NextAt!.Value, entry.LastListId));
    }

    [Fact]
    public async Task RunsThatWereMissedAreMadeUpForByOne()
    {
        var (runner, _) = await AddAsync(Daily());
        await FireAtAsync(runner, Start.AddDays(5));
        await FireAtAsync(runner, Start.AddDays(5).AddMinutes(2));
        Assert.Equal(
            ["daily-20261129-0600", "daily-20261204-0600"], _sent.Select(m => m.GetProperty("list_id").GetString()));
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 2)]
    public async Task ARunIsLeftOutWhileTheListBeforeIsOpenUnlessBothMay(bool mayOverlap, int expected)
    {
        var (runner, ledger) = await AddAsync(Daily() with
        {
            Overlap = mayOverlap ? ScheduleOverlap.Allow : ScheduleOverlap.Skip,
        });
        await FireAtAsync(runner, Start.AddMinutes(1));
        _ledger.Setup(l => l.GetListAsync("daily-20261129-0600", It.IsAny<CancellationToken>()))
            .ReturnsAsync(Some.List("daily-20261129-0600"));

        await FireAtAsync(runner, Start.AddDays(1).AddMinutes(1));

        Assert.Equal(expected, _sent.Count);
        var entry = Assert.Single(await ledger.GetSchedulesAsync(Ct)).Entry;
        Assert.Equal((!mayOverlap, Start.AddDays(2).AddMinutes(1)), (entry.WasSkipped, entry.NextAt!.Value));
    }

    /// <summary>The list's id is derived from the due time, so a second message for it changes nothing.</summary>
    [Fact]
    [Trait("Promise", "2")]
    public async Task AWorkerKilledAfterTheMessageSubmitsTheSameListAgain()
    {
        var (runner, ledger) = await AddAsync(Daily());
        var before = Assert.Single(await ledger.GetSchedulesAsync(Ct));
        await FireAtAsync(runner, Start.AddMinutes(1));
        await ledger.PutScheduleAsync(before.Entry, Ct);
        await FireAtAsync(runner, Start.AddMinutes(3));
        Assert.Equal(2, _sent.Count);
        Assert.Single(_sent.Select(m => m.GetProperty("list_id").GetString()).Distinct());
    }

    [Fact]
    [Trait("Promise", "9")]
    public async Task AScheduleThatCannotBeUsedHoldsUpNoOther()
    {
        var (runner, ledger) = await AddAsync(Daily());
        await ledger.PutScheduleAsync(Daily() with { Name = "broken", Cron = "never", NextAt = Start }, Ct);
        await FireAtAsync(runner, Start.AddMinutes(1));
        Assert.Contains(_sent, m => m.GetProperty("list_id").GetString() == "daily-20261129-0600");
    }

    [Fact]
    public async Task APausedScheduleSubmitsNothingAndMakesUpForNothing()
    {
        var (runner, ledger) = await AddAsync(Daily());
        var book = new ScheduleBook(ledger, _time);
        await book.PauseAsync("daily", isPaused: true, Ct);
        await FireAtAsync(runner, Start.AddDays(3));
        await book.PauseAsync("daily", isPaused: false, Ct);
        await FireAtAsync(runner, Start.AddDays(3).AddSeconds(30));
        Assert.Empty(_sent);

        await FireAtAsync(runner, Start.AddDays(3).AddMinutes(1));
        Assert.Single(_sent);
    }

    [Fact]
    public async Task AChangeThatSomebodyElseMadeIsNotOverwritten()
    {
        var ledger = await OpenAsync();
        await ledger.PutScheduleAsync(Daily(), Ct);
        var read = Assert.Single(await ledger.GetSchedulesAsync(Ct));
        Assert.True(await ledger.UpdateScheduleAsync(read with { Entry = read.Entry with { IsPaused = true } }, Ct));
        Assert.False(await ledger.UpdateScheduleAsync(read with { Entry = read.Entry with { Cron = "@hourly" } }, Ct));
        Assert.True(Assert.Single(await ledger.GetSchedulesAsync(Ct)).Entry.IsPaused);
        Assert.True(await ledger.RemoveScheduleAsync("daily", Ct));
        Assert.False(await ledger.RemoveScheduleAsync("daily", Ct));
        Assert.Empty(await ledger.GetSchedulesAsync(Ct));
    }

    [Fact]
    public async Task AListSubmittedByHandHasAnIdOfItsOwn()
    {
        var (runner, ledger) = await AddAsync(Daily());
        var id = await runner.RunAsync(Assert.Single(await ledger.GetSchedulesAsync(Ct)), _time.GetUtcNow(), Ct);
        Assert.Equal("daily-20261129-055900", id);
        await FireAtAsync(runner, Start.AddMinutes(1));
        Assert.Equal(2, _sent.Count);
    }

    private static ScheduleEntry Daily() => new()
    {
        Name =
            "daily", Cron = "0 6 * * *", TimeZone = "UTC", Source = "file:///lists/daily.txt", ListName = "daily.txt",
        Series = "shops",
    };

    private async Task<(ScheduleRunner Runner, IScheduleLedger Ledger)> AddAsync(ScheduleEntry schedule)
    {
        var ledger = await OpenAsync();
        await new ScheduleBook(ledger, _time).AddAsync(schedule, Ct);
        return (
            new(ledger, _ledger.Object, _queue.Object, _time, NullLogger<ScheduleRunner>.Instance), ledger);
    }

    private async Task FireAtAsync(ScheduleRunner runner, DateTimeOffset at)
    {
        _time.SetUtcNow(at);
        await runner.FireDueAsync(Ct);
    }
}

public sealed class LocalScheduleRunnerTests : ScheduleRunnerSuite
{
    private readonly TempFolder _folder = new();
    private LocalDatabase? _database;

    public override async ValueTask DisposeAsync()
    {
        if (_database is not null)
            await _database.DisposeAsync();
        _folder.Dispose();
    }

    private protected override async Task<IScheduleLedger> OpenAsync() => new LocalScheduleLedger(
        _database = await LocalDatabase.OpenAsync(_folder.Path, TestContext.Current.CancellationToken));
}

[Trait("Needs", "servers")]
public sealed class AzureScheduleRunnerTests(Servers servers) : ScheduleRunnerSuite
{
    private IDisposable? _account;

    public override ValueTask DisposeAsync()
    {
        _account?.Dispose();
        return ValueTask.CompletedTask;
    }

    private protected override async Task<IScheduleLedger> OpenAsync()
    {
        var account = (await servers.AzureAsync()).Open();
        _account = account;
        return new TableScheduleLedger(account);
    }
}

using Microsoft.Extensions.Time.Testing;
using Moq;
using Pipeline.Model;
using Pipeline.Nimble;
using Pipeline.Ports.Ledgers;
using Pipeline.Stores.Azure.Catalog;
using Pipeline.Stores.Azure.Ledger;
using Pipeline.Stores.Local;
using Pipeline.Stores.Local.Ledger;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Nimble;

/// <summary>The rate limit holds for all processes over one ledger together.</summary>
[Trait("Promise", "9")]
public sealed class SharedPaceTests(Servers servers) : IDisposable
{
    private const int Workers = 8;
    private const double Rate = 40;

    private readonly TempFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EightWorkersOverOneStateSendNoMoreThanOneMay()
    {
        var databases = new List<LocalDatabase>();
        for (var i = 0; i < Workers; i++)
            databases.Add(await LocalDatabase.OpenAsync(_folder.Path, Ct));
        await AssertRateAsync(databases.ConvertAll(IRequestPace (database) => new LocalRequestPace(database)));
        foreach (var database in databases)
            await database.DisposeAsync();
    }

    [Fact]
    [Trait("Needs", "servers")]
    public async Task EightWorkersOverOneAccountSendNoMoreThanOneMay()
    {
        using var account = (await servers.AzureAsync()).Open();
        // Creates the table beforehand, because that may take longer than the test.
        await new TableLedger(account, TimeProvider.System).GetListAsync("none", Ct);
        await AssertRateAsync(
            [.. Enumerable.Range(0, Workers).Select(_ => new TableRequestPace(account, TimeProvider.System))]);
    }

    [Fact]
    public async Task ALoneWorkerHasTheWholeRate()
    {
        await using var database = await LocalDatabase.OpenAsync(_folder.Path, Ct);
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(50));
        var pacer = new RequestPacer(10, time, new LocalRequestPace(database));
        var turns = Enumerable.Range(0, 30).Select(_ => pacer.WaitToReadAsync("s-1", Ct)).ToArray();

        // One second's worth goes at once, the rest within two seconds.
        await Patience.UntilAsync(() => turns.Count(t => t.IsCompleted) >= 10);
        Assert.Equal(10, turns.Count(t => t.IsCompleted));
        await time.AdvanceUntilAsync(Task.WhenAll(turns), TimeSpan.FromMilliseconds(20));
    }

    [Fact]
    public async Task ReservationsOfAWrongClockDoNotHoldTheOthers()
    {
        await using var database = await LocalDatabase.OpenAsync(_folder.Path, Ct);
        var pace = new LocalRequestPace(database);
        var now = DateTimeOffset.UnixEpoch.AddYears(50);
        await pace.ReserveAsync(1, TimeSpan.FromSeconds(0.1), now.AddDays(1), Ct);

        Assert.InRange(await pace.ReserveAsync(1, TimeSpan.FromSeconds(0.1), now, Ct), now.AddSeconds(-1), now);
    }

    [Fact]
    public async Task WithoutTheLedgerAProcessKeepsToTheLimitAlone()
    {
        var pace = new Mock<IRequestPace>(MockBehavior.Strict);
        pace.Setup(p => p.ReserveAsync(
                It.IsAny<int>(), It.IsAny<TimeSpan>(), It.IsAny<DateTimeOffset>(), It.IsAny<CancellationToken>()))
            .ThrowsAsync(PipelineException.Transient(FailureReasons.Unavailable, "The ledger is down."));
        var pacer = new RequestPacer(1000, TimeProvider.System, pace.Object);

        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => pacer.WaitToPostAsync(Ct)));
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>
    /// Each worker sends as fast as it may. Together they may send one second's worth at once, and the rate after that.
    /// </summary>
    private static async Task AssertRateAsync(IReadOnlyList<IRequestPace> paces)
    {
        var sent = 0;
        var start = TimeProvider.System.GetTimestamp();
        using var stop = new CancellationTokenSource();
        var sending = Task.WhenAll(paces.Select(async pace =>
        {
            var pacer = new RequestPacer(Rate, TimeProvider.System, pace);
            await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => SendAsync(pacer)));
        }));
        await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System, Ct);
        await Patience.UntilAsync(() => Volatile.Read(ref sent) >= Workers);
        await stop.CancelAsync();
        await sending;
        var elapsed = TimeProvider.System.GetElapsedTime(start);

        Assert.InRange(sent, Workers, (Rate * elapsed.TotalSeconds) + Rate);

        async Task SendAsync(RequestPacer pacer)
        {
            try
            {
                while (true)
                {
                    await pacer.WaitToPostAsync(stop.Token);
                    Interlocked.Increment(ref sent);
                }
            }
            catch (OperationCanceledException)
            {
            }
        }
    }
}

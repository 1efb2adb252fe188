using System.Globalization;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Options;
using Pipeline.Ports.Ledgers;
using Pipeline.Reports.Notices;
using Pipeline.Stores.Keeping;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Reports.Notices;

/// <summary>What users are told about a restored ledger, also while no list is open.</summary>
public sealed class RestoreNoticeTests
{
    private static readonly LedgerRestore Restore = new(Some.Time, Some.Time.AddHours(1));

    [Fact]
    [Trait("Promise", "10")]
    public async Task ItSaysWhatIsSearchedForHowLongAndHowToEndIt()
    {
        var notice = (await ReadAsync(Restore, TimeSpan.FromHours(1)))!;

        Assert.StartsWith(
            $"The ledger was restored on {Minute(Restore.At)} UTC from a backup of {Minute(Restore.Since)} UTC. Until "
                + $"{Minute(Restore.At.AddDays(7))} UTC, Nimble is searched for each submission before it is posted",
            notice, StringComparison.Ordinal);
        Assert.Contains(
            $" The search starts at {Restore.At.AddMinutes(4).ToString("HH:mm:ss", CultureInfo.InvariantCulture)} UTC.",
            notice, StringComparison.Ordinal);
        Assert.EndsWith("pipeline restore --done", notice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ASearchThatHasStartedIsNotAnnounced() => Assert.DoesNotContain(
        "search starts", (await ReadAsync(Restore, TimeSpan.FromHours(2)))!, StringComparison.Ordinal);

    [Fact]
    public async Task ARestoreThatWasCutShortIsToBeRunAgain() => Assert.Contains(
        "run the same 'pipeline restore' again",
        (await ReadAsync(Restore with { IsUnfinished = true }, TimeSpan.FromDays(30)))!, StringComparison.Ordinal);

    [Fact]
    public async Task AfterSevenDaysAndWithoutARestoreThereIsNothingToSay()
    {
        Assert.Null(await ReadAsync(Restore, TimeSpan.FromDays(8)));
        Assert.Null(await ReadAsync(null, TimeSpan.Zero));
    }

    private static string Minute(DateTimeOffset time) =>
        time.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);

    private static Task<string?> ReadAsync(LedgerRestore? restore, TimeSpan later)
    {
        var time = new FakeTimeProvider(Some.Time + later);
        return new RestoreNotice(
            new RecentRestore(new OneRestore(restore), time),
            Microsoft.Extensions.Options.Options.Create(new PipelineOptions()), time)
            .ReadAsync(TestContext.Current.CancellationToken);
    }

    private sealed class OneRestore(LedgerRestore? restore) : IRestoreLedger
    {
        public Task<LedgerRestore?> FindRestoreAsync(CancellationToken cancellationToken) => Task.FromResult(restore);

        public Task ForgetRestoreAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}

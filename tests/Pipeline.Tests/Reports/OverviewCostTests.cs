using Moq;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Stores.Azure.Catalog;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Reports;

/// <summary>Over a storage account each read is billed: an overview has a bound, whatever the lists' sizes.</summary>
public sealed class OverviewCostTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1, 10_000)]
    [InlineData(10, 1000)]
    [InlineData(1000, 10)]
    [InlineData(2, 3)]
    public async Task TheReadsOfAnOverviewAreBoundedWhateverTheListsSizes(int lists, int submissions)
    {
        var (read, counted) = (0, 0);
        var ledger = new Mock<ILedger>();
        ledger.Setup(l => l.GetSubmissionsAsync(It.IsAny<string>(), 0, It.IsAny<CancellationToken>()))
            .Returns((string id, int _, CancellationToken _) => Enumerable.Range(0, submissions)
                .Select(i =>
                {
                    read++;
                    return Some.Submission(count: 1000) with
                    {
                        SubmissionId = SubmissionIds.Of(id, i), ListId = id, State = SubmissionState.Accepted,
                    };
                })
                .ToAsyncEnumerable());
        ledger.Setup(l => l.CountOutcomesAsync(It.IsAny<string>(), It.IsAny<CancellationToken>()))
            .Returns(() =>
            {
                counted++;
                return Task.FromResult(new OutcomeCounts(400, 500, 100));
            });
        using var account = new Pipeline.Stores.Azure.AzureAccount(
            new() { ConnectionString = "UseDevelopmentStorage=true" });
        var catalog = new TableListCatalog(account, ledger.Object, TimeProvider.System);

        var live = await catalog.GetLiveAsync([.. Enumerable.Range(0, lists).Select(i => $"l{i}")], Token);

        Assert.Equal(lists, live.Count);
        // For each list, what is read ahead is at most 32 submissions.
        var bound = Math.Min(lists * submissions, TableListCatalog.MaxLive + lists * 33);
        Assert.InRange(read, 1, bound);
        Assert.InRange(counted, 1, bound);
        Assert.All(live, list => Assert.Equal(
            list.IsWhole, list.ClosedSubmissions + list.Live.Count == submissions));
        Assert.Equal(lists * submissions <= TableListCatalog.MaxLive, live.All(list => list.IsWhole));
    }
}

using Pipeline.Model.Actions;
using Pipeline.Ports.Reading;
using Pipeline.Stores.Azure;
using Pipeline.Stores.Azure.Catalog;
using Pipeline.Stores.Azure.Erasing;
using Pipeline.Stores.Azure.Ledger;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Stores.Azure;

/// <summary>Which requests an erasure sends to Table Storage, against Azurite.</summary>
[Trait("Needs", "servers")]
public sealed class TableErasureTests(Servers servers)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>
    /// Table Storage serves a filter that joins partitions by <c>or</c>, or names none, by reading the whole table: in
    /// an account with millions of rows, an erasure of one list would take thousands of requests.
    /// </summary>
    [Fact]
    [Trait("Promise", "9")]
    public async Task AnErasureReadsPartitionsAndNeverTheWholeTable()
    {
        var azurite = await servers.AzureAsync();
        await FillAsync(azurite, "gone");
        await FillAsync(azurite, "kept");
        await using var proxy = await FaultProxy.StartAsync(azurite.Tables);
        using var account = azurite.Open(tables: proxy.Address);
        var erasure = new TableErasure(account, TimeProvider.System);
        await erasure.BeginAsync("gone", Ct);
        var before = proxy.Seen.Count;

        var erased = await erasure.EraseAsync("gone", Ct);

        var requests = proxy.Seen.Skip(before).ToList();
        var filters = requests.Select(request => Uri.UnescapeDataString(request.PathAndQuery).Replace('+', ' '))
            .Where(query => query.Contains("$filter=", StringComparison.Ordinal)).ToList();
        Assert.Equal((1, 3), (erased.Submissions, erased.Inputs));
        Assert.All(filters, filter => Assert.DoesNotContain(" or ", filter, StringComparison.Ordinal));
        Assert.All(
            filters,
            filter => Assert.Matches("PartitionKey eq '|PartitionKey gt '[^']+' and PartitionKey lt '", filter));
        // A query for each kind of row, and a request for each row; none for the rows of the other list.
        Assert.InRange(filters.Count, 1, 11);
        Assert.InRange(requests.Count, filters.Count, 35);
        Assert.NotNull(await new TableLedger(account, TimeProvider.System).GetListAsync("kept", Ct));
        Assert.Equal(2, await CountAsync(account, "shops"));
    }

    private static async Task<int> CountAsync(AzureAccount account, string series)
    {
        var ledger = new TableLedger(account, TimeProvider.System);
        return await ledger.GetSeriesAsync(series, Ct).CountAsync(Ct)
            + await ledger.GetRunsAsync(series, Ct).CountAsync(Ct);
    }

    /// <summary>Writes a row of every kind about a list.</summary>
    private static async Task FillAsync(AzuriteAccount azurite, string listId)
    {
        using var account = azurite.Open();
        var now = TimeProvider.System.GetUtcNow();
        var ledger = new TableLedger(account, TimeProvider.System);
        await ledger.CreateListAsync(Some.List(listId) with { Series = "shops" }, Ct);
        var submission = Some.Submission(listId);
        await ledger.CreateSubmissionAsync(submission, Some.Inputs(submission), Ct);
        await ledger.ReserveAsync($"list.{listId}", $"{listId}-000000.1", 3, 100, Ct);
        await ledger.ReserveAsync("day.2026-03-19", $"{listId}-000000.1", 3, 100, Ct);
        await ledger.PutSeriesAsync("shops", [Some.SeriesEntry(listId[0], listId: listId)], Ct);
        await ledger.AddRunAsync("shops", new(listId, Some.Time), Ct);
        await new TableRequestKeys(account, TimeProvider.System).AddRequestAsync(listId, new("hash", listId), now, Ct);
        await new TableActionLedger(account).BeginActionAsync(
            new ActionEntry { Subject = listId, Title = "Replay", StartedAt = now, UpdatedAt = now }, Ct);
        await new TableListCatalog(account, ledger, TimeProvider.System).AddEventAsync(
            new(now, EventKinds.Submitted, listId, "me", "Submitted."), Ct);
    }
}

namespace Pipeline.Tests.Dashboard;

/// <summary>The page of a list that has closed.</summary>
public sealed class FinishedListPageTests
{
    [Fact]
    public async Task ItNamesTheCommandThatMakesATableOfTheList()
    {
        await using var api = await ApiWorld.StartAsync("");
        await api.World.PlanAsync(3);
        await api.World.WorkAsync();
        await api.World.FinishAsync("list-000000", records: 3);

        var page = await api.Client.GetStringAsync("/lists/list", TestContext.Current.CancellationToken);

        Assert.Contains(
            "<code class=\"command\">pipeline export results list --out list.parquet</code>", page,
            StringComparison.Ordinal);
    }
}

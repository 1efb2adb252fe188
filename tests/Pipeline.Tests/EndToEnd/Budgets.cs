using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Ports;
using Pipeline.Ports.Ledgers;

namespace Pipeline.Tests.EndToEnd;

/// <summary>The budgets of a restored ledger.</summary>
internal static class Budgets
{
    /// <summary>Asserts what is taken of the list's budget and of that of the day of the restore.</summary>
    public static async Task AssertAsync(IServiceProvider services, string listId, long urls)
    {
        var stop = TestContext.Current.CancellationToken;
        var ledger = services.GetRequiredService<ILedger>();
        var restore = await services.GetRequiredService<IRestoreLedger>().FindRestoreAsync(stop);
        var day = restore!.At.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        Assert.Equal(urls, await ledger.GetReservedAsync($"list.{listId}", stop));
        Assert.Equal(urls, await ledger.GetReservedAsync($"day.{day}", stop));
    }
}

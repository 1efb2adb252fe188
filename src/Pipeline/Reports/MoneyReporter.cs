using Microsoft.Extensions.Options;
using Pipeline.Options;
using Pipeline.Submit.Evidence;

namespace Pipeline.Reports;

/// <summary>Reports budgets and costs.</summary>
internal sealed class MoneyReporter(BudgetGuard budget, IOptions<PipelineOptions> options, TimeProvider time)
{
    /// <summary>Reports what was spent on open lists, and what budgets allow.</summary>
    public async Task<MoneyReport> ReportAsync(
        IReadOnlyList<ListProgress> open, CancellationToken cancellationToken)
    {
        var price = options.Value.Nimble.PricePerUrl;
        var (posted, resubmitted) = (open.Sum(list => list.Posted), open.Sum(list => list.Resubmitted));
        return new(
            budget.DayLimit is null ? null : await budget.GetUsedAsync(time.GetUtcNow(), cancellationToken),
            budget.DayLimit, budget.ListLimit, price, posted, resubmitted, price * (posted + resubmitted));
    }
}

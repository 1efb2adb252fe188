using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Ports;
using Pipeline.Ports.Reading;
using Pipeline.Reports;

namespace Pipeline.Cli.Run;

/// <summary>Reads how far the lists of a run are.</summary>
/// <param name="services">The host's services.</param>
/// <param name="listIds">The lists.</param>
/// <param name="since">When the clock of the run began.</param>
/// <param name="who">Who works on the tasks: Nimble, or the emulator.</param>
internal sealed class RunProgressReader(
    IServiceProvider services, IReadOnlyList<string> listIds, DateTimeOffset since, string who)
{
    // Rows of submissions are many, and a storage account bills each that is read.
    private static readonly TimeSpan WaitsEvery = TimeSpan.FromSeconds(5);

    private readonly ILedgerCounts _counts = services.GetRequiredService<ILedgerCounts>();
    private readonly ILedger _ledger = services.GetRequiredService<ILedger>();
    private readonly IListCatalog _catalog = services.GetRequiredService<IListCatalog>();
    private readonly TimeProvider _time = services.GetRequiredService<TimeProvider>();
    private readonly TimeSpan _deadline =
        services.GetRequiredService<IOptions<PipelineOptions>>().Value.Sweep.TaskDeadline;
    private readonly ProgressRates _rates = new(services.GetRequiredService<TimeProvider>());
    private (long Finished, DateTimeOffset At)? _first;
    private Look? _look;

    /// <summary>Reads it. What it waits for is read every few seconds.</summary>
    public async Task<RunProgress> ReadAsync(CancellationToken cancellationToken)
    {
        var counts = await _counts.CountAsync(listIds, cancellationToken);
        var now = _time.GetUtcNow();
        if (_look is not { } look || look.IsPlanning || now - look.At >= WaitsEvery)
            _look = look = await LookAsync(now, cancellationToken);
        // What was there before, bad lines included, says nothing of the speed.
        var first = look.IsPlanning
            ? (counts.Finished, At: now)
            : _first ??= (counts.Finished, now);
        return new()
        {
            Counts = counts,
            IsPlanning = look.IsPlanning,
            IsRevision = look.IsRevision,
            Elapsed = now - since,
            PerMinute = _rates.Measure("", counts.Finished - first.Finished, first.At),
            Wait = counts.Finished < counts.Inputs && look.Wait is { } wait ? wait with { Now = now } : null,
        };
    }

    private async Task<Look> LookAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        var look = new Look(now, false, false, null);
        foreach (var id in listIds)
            if (await _ledger.GetListAsync(id, cancellationToken) is { } list)
                look = look with
                {
                    IsPlanning = look.IsPlanning || list.State == ListState.Planning,
                    IsRevision = look.IsRevision || list.RevisionOf is not null,
                };
        return look.IsPlanning ? look : look with { Wait = await ReadWaitAsync(now, cancellationToken) };
    }

    private async Task<NimbleWait?> ReadWaitAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        var atNimble = (await _catalog.GetLiveAsync(listIds, cancellationToken))
            .SelectMany(list => list.Live)
            .Where(s => s is { Submission: { State: SubmissionState.Accepted, AcceptedAt: not null },
                Outcomes.Waiting: > 0 })
            .ToList();
        var oldest = atNimble.Min(s => s.Submission.AcceptedAt);
        return oldest is not { } start
            ? null
            : new(atNimble.Sum(s => (long)s.Outcomes.Waiting), start, start + _deadline, now, who);
    }

    /// <summary>What is read every few seconds.</summary>
    private sealed record Look(DateTimeOffset At, bool IsPlanning, bool IsRevision, NimbleWait? Wait);
}

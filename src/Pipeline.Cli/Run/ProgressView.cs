using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Hosting;
using Pipeline.Model;
using Pipeline.Notation;
using Pipeline.Options;
using Pipeline.Ports;
using Pipeline.Reports.Notices;
using Pipeline.Submit;
using Spectre.Console;

namespace Pipeline.Cli.Run;

/// <summary>
/// Shows progress on standard error: a few lines that are drawn again on a terminal, elsewhere a line every few
/// seconds. Warnings are lines of their own. With <c>--quiet</c> there are warnings only.
/// </summary>
/// <param name="console">Where to show it.</param>
/// <param name="services">The host's services.</param>
/// <param name="listIds">The lists.</param>
/// <param name="progress">Reads how far they are.</param>
/// <param name="quiet">Whether to show warnings only.</param>
/// <param name="arguments">The options that complete the commands in warnings.</param>
internal sealed class ProgressView(
    IAnsiConsole console, IServiceProvider services, IReadOnlyList<string> listIds, RunProgressReader progress,
    bool quiet, string arguments)
{
    private const string Yellow = "33";

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LineEvery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan SameLineEvery = TimeSpan.FromMinutes(1);

    // Log lines would force the drawn lines to be drawn again and again.
    private readonly LiveLines? _live =
        quiet || services.GetServices<ILoggerProvider>().Any() ? null : console.Live();
    private readonly SeriesNotice _series = new(services.GetRequiredService<ILedger>(), listIds);
    private readonly PipelineOptions _options = services.GetRequiredService<IOptions<PipelineOptions>>().Value;
    private readonly SubmissionGate _gate = services.GetRequiredService<SubmissionGate>();
    private readonly RestoreNotice _restore = services.GetRequiredService<RestoreNotice>();
    private readonly StoreHealth _health = services.GetRequiredService<StoreHealth>();
    private string? _said;
    private string? _saidProblem;
    private bool _saidUnanswered;
    private bool _saidLookedFor;
    private (LedgerCounts Counts, long At)? _line;

    /// <summary>Runs work and shows its progress.</summary>
    public async Task WatchAsync(Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        using var finished = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = Task.Run(async () =>
        {
            try
            {
                await work(cancellationToken);
            }
            finally
            {
                await finished.CancelAsync();
            }
        }, CancellationToken.None);
        try
        {
            await LookAsync(finished.Token);
        }
        finally
        {
            _live?.Clear();
        }
        await running;
    }

    private async Task LookAsync(CancellationToken finished)
    {
        var period = _live is null ? LineEvery : LookEvery;
        try
        {
            for (long? shown = null; ; await Task.Delay(LookEvery, TimeProvider.System, finished))
            {
                if (shown is null || TimeProvider.System.GetElapsedTime(shown.Value) >= period)
                {
                    shown = TimeProvider.System.GetTimestamp();
                    await ShowAsync(finished);
                }
                SayPause();
                SayProblem();
            }
        }
        catch (OperationCanceledException) when (finished.IsCancellationRequested)
        {
            await ShowAsync(CancellationToken.None);
            SayProblem(isEnd: true);
        }
    }

    private async Task ShowAsync(CancellationToken cancellationToken)
    {
        try
        {
            var now = await progress.ReadAsync(cancellationToken);
            foreach (var notice in await _series.ReadAsync(cancellationToken))
                Say(notice);
            Show(now);
            SayUnanswered(now.Counts);
            await SayLookedForAsync(now.Counts, cancellationToken);
        }
        // The work meets the same fault and handles it.
        catch (PipelineException fault) when (fault.IsStoreFault)
        {
        }
    }

    private void Show(RunProgress now)
    {
        if (_live is not null)
            _live.Draw(now.ToScreen());
        else if (!quiet && !IsSame(now.Counts))
        {
            console.WriteWhole(now.ToLine());
            _line = (now.Counts, TimeProvider.System.GetTimestamp());
        }
    }

    // A run that only waits says so once a minute.
    private bool IsSame(LedgerCounts counts) => _line is { } line && line.Counts == counts
        && (counts.Finished == counts.Inputs || TimeProvider.System.GetElapsedTime(line.At) < SameLineEvery);

    /// <summary>
    /// Reports once that the store cannot be written, such as on a full disk, and once that it can again.
    /// </summary>
    private void SayProblem(bool isEnd = false)
    {
        // At the end, all work that met the problem has finished.
        var problem = isEnd && !_health.HasWaiting ? null : _health.Problem;
        if (problem is not null && _saidProblem is null)
            Warn($"Waiting. {problem}");
        else if (problem is null && _saidProblem is not null)
            Say("The disk can be written again; the work continues.");
        _saidProblem = problem;
    }

    /// <summary>Reports a pause of submission once, when it begins, with what to do.</summary>
    private void SayPause()
    {
        var reason = _gate.Current?.Reason;
        if (reason is not null && reason != _said)
            Warn(string.Create(
                CultureInfo.InvariantCulture,
                $"Submission is paused until {_gate.Current?.Until:HH:mm:ss} UTC. {reason}"));
        _said = reason;
    }

    /// <summary>
    /// Reports once that a POST got no answer, because the search for its evidence may take half an hour.
    /// </summary>
    private void SayUnanswered(LedgerCounts counts)
    {
        if (counts.Unanswered == 0 || _saidUnanswered)
            return;
        _saidUnanswered = true;
        var then = _options.Submit.Unknown == UnknownPolicy.Hold
            ? $"fail with {FailureReasons.SubmissionUnknown}"
            : "are posted again once they are proven absent";
        Warn(
            $"A POST has no answer yet. If none comes, bucket, webhooks and API are searched for signs that Nimble "
                + $"accepted it, for up to {_options.Sweep.EvidenceWindow:c} (Sweep:EvidenceWindow). "
                + $"Inputs without a sign {then} (Submit:Unknown).");
    }

    /// <summary>Says once that the ledger was restored, because nothing is posted for some minutes.</summary>
    private async Task SayLookedForAsync(LedgerCounts counts, CancellationToken cancellationToken)
    {
        if (counts.LookedFor == 0 || _saidLookedFor || await _restore.ReadAsync(cancellationToken) is not { } notice)
            return;
        _saidLookedFor = true;
        Warn(notice);
    }

    private void Say(string line)
    {
        if (_live is not null)
            _live.WriteAbove(line);
        else if (!quiet)
            console.WriteWhole(line);
    }

    private void Warn(string text)
    {
        var line = CommandsInText.Complete(text, arguments);
        if (_live is null)
            console.Say(Terminal.Warning, line);
        else
            _live.WriteAbove(line, console.Profile.Capabilities.ColorSystem == ColorSystem.NoColors ? "" : Yellow);
    }
}

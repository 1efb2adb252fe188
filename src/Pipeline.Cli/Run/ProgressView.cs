using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Hosting;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Ports;
using Pipeline.Submit;
using Spectre.Console;

namespace Pipeline.Cli.Run;

/// <summary>Shows progress on standard error: a bar on a terminal, elsewhere a line every few seconds.</summary>
internal sealed class ProgressView(IAnsiConsole console, IServiceProvider services, IReadOnlyList<string> listIds)
{
    private const int BarWidth = 20;
    private const int WideEnough = 120;
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LineEvery = TimeSpan.FromSeconds(5);
    private readonly ILedgerCounts _ledger = services.GetRequiredService<ILedgerCounts>();
    private readonly SeriesNotice _series = new(console, services.GetRequiredService<ILedger>(), listIds);
    private readonly PipelineOptions _options = services.GetRequiredService<IOptions<PipelineOptions>>().Value;
    private readonly SubmissionGate _gate = services.GetRequiredService<SubmissionGate>();
    private readonly StoreHealth _health = services.GetRequiredService<StoreHealth>();
    private string? _said;
    private string? _saidProblem;
    private bool _saidUnanswered;
    private string? _line;

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
        await (DrawsBar ? ShowBarAsync(finished.Token) : ShowLinesAsync(finished.Token));
        await running;
    }

    // Log lines would force the bar to be redrawn again and again.
    private bool DrawsBar => console.Profile.Out.IsTerminal
        && console.Profile.Capabilities is { Interactive: true, Ansi: true }
        && !services.GetServices<ILoggerProvider>().Any();

    private async Task ShowBarAsync(CancellationToken finished) =>
        await console.Progress()
            .AutoClear(true)
            .Columns(
                new ProgressBarColumn { Width = BarWidth }, new PercentageColumn(), new ElapsedTimeColumn(),
                new TaskDescriptionColumn { Alignment = Justify.Left })
            .StartAsync(async context =>
            {
                var bar = context.AddTask("planning", maxValue: 1);
                await EveryAsync(LookEvery, counts =>
                {
                    bar.MaxValue = Math.Max(1, counts.Inputs);
                    bar.Value = counts.Finished;
                    bar.Description = Markup.Escape(
                        console.Profile.Width < WideEnough ? DescribeShort(counts) : Describe(counts));
                }, finished);
            });

    private Task ShowLinesAsync(CancellationToken finished) =>
        EveryAsync(LineEvery, counts =>
        {
            var line = Describe(counts);
            if (line != _line)
                console.WriteWhole(line);
            _line = line;
        }, finished);

    private async Task EveryAsync(TimeSpan period, Action<LedgerCounts> show, CancellationToken finished)
    {
        try
        {
            for (long? shown = null; ; await Task.Delay(LookEvery, TimeProvider.System, finished))
            {
                if (shown is null || TimeProvider.System.GetElapsedTime(shown.Value) >= period)
                {
                    shown = TimeProvider.System.GetTimestamp();
                    await ShowAsync(show, finished);
                }
                SayPause();
                SayProblem();
            }
        }
        catch (OperationCanceledException) when (finished.IsCancellationRequested)
        {
            await ShowAsync(show, CancellationToken.None);
            SayProblem(isEnd: true);
        }
    }

    private async Task ShowAsync(Action<LedgerCounts> show, CancellationToken cancellationToken)
    {
        try
        {
            var counts = await _ledger.CountAsync(listIds, cancellationToken);
            await _series.SayAsync(cancellationToken);
            show(counts);
            SayUnanswered(counts);
        }
        // The work meets the same fault and handles it.
        catch (PipelineException fault) when (fault.IsStoreFault)
        {
        }
    }

    /// <summary>
    /// Reports once that the store cannot be written, such as on a full disk, and once that it can again.
    /// </summary>
    private void SayProblem(bool isEnd = false)
    {
        // At the end, all work that met the problem has finished.
        var problem = isEnd && !_health.HasWaiting ? null : _health.Problem;
        if (problem is not null && _saidProblem is null)
            console.Say(Terminal.Warning, $"Waiting. {problem}");
        else if (problem is null && _saidProblem is not null)
            console.WriteLine("The disk can be written again; the work continues.");
        _saidProblem = problem;
    }

    /// <summary>Reports a pause of submission once, when it begins, with what to do.</summary>
    private void SayPause()
    {
        var reason = _gate.Current?.Reason;
        if (reason is not null && reason != _said)
            console.Say(
                Terminal.Warning,
                string.Create(
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
        console.Say(
            Terminal.Warning,
            $"A POST has no answer yet. If none comes, bucket, webhooks and API are searched for signs that Nimble "
                + $"accepted it, for up to {_options.Sweep.EvidenceWindow:c} (Sweep:EvidenceWindow). "
                + $"Inputs without a sign {then} (Submit:Unknown).");
    }

    private static string DescribeShort(LedgerCounts c) => string.Create(CultureInfo.InvariantCulture,
        $"{c.Finished:N0} of {c.Inputs:N0}{(c.Failures > 0 ? $", {c.Failures:N0} failed" : "")}");

    private static string Describe(LedgerCounts c) => string.Create(CultureInfo.InvariantCulture,
        $"{Amount.Of(c.Inputs, "input")}, {c.Posted:N0} posted, {Amount.Of(c.Records, "record")}, "
            + $"{Amount.Of(c.Failures, "failure")}"
            + $"{(c.Unanswered > 0 ? $", {c.Unanswered:N0} in a POST with no answer yet" : "")}");
}

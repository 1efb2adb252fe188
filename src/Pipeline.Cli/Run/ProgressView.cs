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

/// <summary>Progress on standard error: a bar on a terminal, a line now and then elsewhere.</summary>
internal sealed class ProgressView(IAnsiConsole console, IServiceProvider services, IReadOnlyList<string> listIds)
{
    private const int BarWidth = 20;
    private const int WideEnough = 120;
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LineEvery = TimeSpan.FromSeconds(5);
    private readonly ILedgerCounts _ledger = services.GetRequiredService<ILedgerCounts>();
    private readonly PipelineOptions _options = services.GetRequiredService<IOptions<PipelineOptions>>().Value;
    private readonly SubmissionGate _gate = services.GetRequiredService<SubmissionGate>();
    private readonly StoreHealth _health = services.GetRequiredService<StoreHealth>();
    private string? _said;
    private string? _saidProblem;
    private bool _saidUnanswered;
    private string? _line;

    /// <summary>Runs work while showing how far it is.</summary>
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

    // A bar among the lines of a log would be drawn again and again.
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
                    bar.Description = Markup.Escape(console.Profile.Width < WideEnough ? DescribeShort(counts) : Describe(counts));
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
            show(counts);
            SayUnanswered(counts);
        }
        // The work itself meets the same fault, and waits or ends with it.
        catch (PipelineException fault) when (fault.IsStoreFault)
        {
        }
    }

    /// <summary>A store that cannot be written for now, such as a full disk, is said once, and so is its end.</summary>
    private void SayProblem(bool isEnd = false)
    {
        // All work that met it is done by the end.
        var problem = isEnd && !_health.HasWaiting ? null : _health.Problem;
        if (problem is not null && _saidProblem is null)
            console.Say(Terminal.Warning, $"Waiting. {problem}");
        else if (problem is null && _saidProblem is not null)
            console.WriteLine("The disk can be written again; the work goes on.");
        _saidProblem = problem;
    }

    /// <summary>A pause of all submission is said once, with what to do, when it begins.</summary>
    private void SayPause()
    {
        var reason = _gate.Current?.Reason;
        if (reason is not null && reason != _said)
            console.Say(
                Terminal.Warning,
                string.Create(CultureInfo.InvariantCulture, $"Submission is paused until {_gate.Current?.Until:HH:mm:ss} UTC. {reason}"));
        _said = reason;
    }

    /// <summary>A POST whose answer is lost is looked for in silence for up to half an hour: it is said once what for.</summary>
    private void SayUnanswered(LedgerCounts counts)
    {
        if (counts.Unanswered == 0 || _saidUnanswered)
            return;
        _saidUnanswered = true;
        var then = _options.Submit.Unknown == UnknownPolicy.Hold ? $"end as {FailureReasons.SubmissionUnknown}" : "are posted again once they are proven absent";
        console.Say(
            Terminal.Warning,
            $"A POST has had no answer. Whether Nimble accepted it is looked for in bucket, webhooks and API for up to {_options.Sweep.EvidenceWindow:c} (Sweep:EvidenceWindow). Inputs of which nothing is found {then} (Submit:Unknown).");
    }

    private static string DescribeShort(LedgerCounts c) => string.Create(CultureInfo.InvariantCulture,
        $"{c.Finished:N0} of {c.Inputs:N0}{(c.Failures > 0 ? $", {c.Failures:N0} failed" : "")}");

    private static string Describe(LedgerCounts c) => string.Create(CultureInfo.InvariantCulture,
        $"{Amount.Of(c.Inputs, "input")}, {c.Posted:N0} posted, {Amount.Of(c.Records, "record")}, {Amount.Of(c.Failures, "failure")}{(c.Unanswered > 0 ? $", {c.Unanswered:N0} in a POST with no answer yet" : "")}");
}

using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Ledger;
using Pipeline.Submit;
using Spectre.Console;

namespace Pipeline.Cli.Run;

/// <summary>Progress on standard error: a bar on a terminal, a line now and then elsewhere.</summary>
internal sealed class ProgressView(IAnsiConsole console, IServiceProvider services, IReadOnlyList<string> listIds)
{
    private static readonly TimeSpan BarEvery = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LineEvery = TimeSpan.FromSeconds(5);
    private readonly ILedgerCounts _ledger = services.GetRequiredService<ILedgerCounts>();
    private readonly SubmissionGate _gate = services.GetRequiredService<SubmissionGate>();
    private string? _said;
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
        await (console.Profile.Out.IsTerminal && console.Profile.Capabilities.Interactive ? ShowBarAsync(finished.Token) : ShowLinesAsync(finished.Token));
        await running;
    }

    private async Task ShowBarAsync(CancellationToken finished) =>
        await console.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn())
            .StartAsync(async context =>
            {
                var bar = context.AddTask("planning", maxValue: 1);
                await EveryAsync(BarEvery, counts =>
                {
                    bar.MaxValue = Math.Max(1, counts.Inputs);
                    bar.Value = counts.Finished;
                    bar.Description = Markup.Escape(Describe(counts));
                }, finished);
            });

    private Task ShowLinesAsync(CancellationToken finished) =>
        EveryAsync(LineEvery, counts =>
        {
            var line = Describe(counts);
            if (line != _line)
                console.Profile.Out.Writer.WriteLine(line);
            _line = line;
        }, finished);

    private async Task EveryAsync(TimeSpan period, Action<LedgerCounts> show, CancellationToken finished)
    {
        try
        {
            while (true)
            {
                show(await _ledger.CountAsync(listIds, finished));
                SayPause();
                await Task.Delay(period, TimeProvider.System, finished);
            }
        }
        catch (OperationCanceledException) when (finished.IsCancellationRequested)
        {
            show(await _ledger.CountAsync(listIds, CancellationToken.None));
        }
    }

    /// <summary>A pause of all submission is said once, with what to do, when it begins.</summary>
    private void SayPause()
    {
        var reason = _gate.Current?.Reason;
        if (reason is not null && reason != _said)
            console.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"[yellow]Submission is paused until {_gate.Current?.Until:HH:mm:ss} UTC.[/] {reason}");
        _said = reason;
    }

    private static string Describe(LedgerCounts c) => string.Create(CultureInfo.InvariantCulture,
        $"{c.Inputs:N0} inputs, {c.Posted:N0} posted, {c.Records:N0} records, {c.Failures:N0} failures{(c.Unknown > 0 ? $", {c.Unknown:N0} of unknown acceptance" : "")}");
}

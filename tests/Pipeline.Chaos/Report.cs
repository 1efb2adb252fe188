using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Pipeline.Chaos;

/// <summary>Reports the results of all trials as Markdown.</summary>
internal sealed class Report(ChaosOptions options, IReadOnlyList<Verdict> verdicts, TimeSpan took)
{
    /// <summary>Number of forged webhooks in a complete run.</summary>
    private const int Flood = 100_000;

    private readonly StringBuilder _text = new();

    /// <summary>Boundaries, faults and kinds of trials that never occurred.</summary>
    public IReadOnlyList<string> Holes { get; } =
    [
        .. TrialPlan.Killed.Except(verdicts.SelectMany(v => v.Kills)).Select(name => $"no kill at {name}"),
        .. FaultPlan.Names.Except(verdicts.SelectMany(v => v.Plan.Faults.Drawn.Keys))
            .Select(name => $"no fault {name}"),
        .. Enum.GetValues<TrialKind>()
            .Except(verdicts.Select(v => v.Plan.Kind))
            .Select(kind => $"no trial of kind {kind}{(Installation.Lacks(kind) is { } lack ? $": {lack}" : "")}"),
        .. verdicts.Sum(v => v.Forged) < Flood ? [$"fewer than {Flood:N0} forged webhooks"] : Array.Empty<string>(),
        .. verdicts.Sum(v => v.Freezes) == 0 ? ["no freeze"] : Array.Empty<string>(),
    ];

    /// <summary>Writes the whole page.</summary>
    public string Write()
    {
        Introduce();
        Sum();
        List(
            "Kills and recovery",
            "Recovery is measured from the restart: to the next record, failure or manifest on disk and, if nothing "
                + "interrupted the command again, to the end of the list with all its remaining work.");
        WriteRecoveries();
        List(
            "Faults",
            "Number of trials with each fault of the emulator's catalog, and the rates: an integer is a number of "
                + "times, a decimal a share.");
        WriteFaults();
        if (options.IsComplete || Holes.Count == 0)
            List(
                "Not covered",
                Holes.Count == 0
                    ? "Nothing: every boundary, every fault and every kind of trial occurred."
                    : string.Join("; ", Holes) + ".");
        var bad = verdicts.Where(v => !v.IsClean).Select(v => v.Plan.Seed).Order().ToList();
        if (bad.Count > 0)
            List("Trials that failed", $"By seed: {string.Join(", ", bad)}.");
        return _text.ToString();
    }

    private void Introduce() => _text.AppendLine(CultureInfo.InvariantCulture, $"""
        # Reliability

        Written by `tests/chaos.sh {(options.IsComplete ? "--long " : "")}--seed {options.Seed} --parallel
        {options.Parallel} --report docs/reliability.md` on {TimeProvider.System.GetUtcNow():yyyy-MM-dd},
        after {took.TotalMinutes:0.0} minutes and {verdicts.Count} trials, on {Environment.ProcessorCount} cores,
        {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}.

        Each trial takes lists of 50 to 89 URLs through the real command and a real emulator of the API, each in its own
        process. The command is started again and again and killed with SIGKILL each time: at a named boundary between
        two durable steps, at a random time, together with the emulator, as one of two workers on the same state, or as
        a stale worker that was stopped with SIGSTOP and went on after another one had taken over.
        Some trials run on a disk that fills up, some with a clock that is a day ahead or behind at each start, some
        over Azurite, which is stopped and restarted, and some serve under a flood of forged webhooks; every trial with
        kills receives a few forged ones. Some trials, without kills, serve an honest list alone and then a similar one
        beside a list whose replies, results and webhooks are hostile. Finally, the command runs undisturbed until it
        ends. An auditor that knows nothing of the ledger then compares the files with the API's own account of what it
        accepted and delivered.

        """);

    private void Sum()
    {
        Row("", "");
        Row("---", "---:");
        Row("trials", verdicts.Count);
        Row("kills of the command", verdicts.Sum(v => v.Kills.Count));
        Row("kills of the emulator", verdicts.Sum(v => v.EmulatorKills));
        Row("freezes while another worker took over", verdicts.Sum(v => v.Freezes));
        Row("restores of an old backup", verdicts.Sum(v => v.Restores));
        Row("outages: disk full, Azurite stopped", verdicts.Sum(v => v.Outages));
        Row("trials with a clock off by a day", verdicts.Count(v => v.Plan.Kind == TrialKind.Clock));
        Row("forged webhooks answered", verdicts.Sum(v => v.Forged));
        Row("URLs", verdicts.Sum(v => v.Urls));
        Row("records, each compared byte for byte", verdicts.Sum(v => v.Records));
        Row("failures", verdicts.Sum(v => v.Failures));
        foreach (var reason
            in verdicts.SelectMany(v => v.GivenUp).GroupBy(g => g.Key).OrderBy(g => g.Key, StringComparer.Ordinal))
            Row(
                $"of these `{reason.Key}`, given up after windows that are only seconds in these trials",
                reason.Sum(g => g.Value));
        Row("**lost**", Bold(v => v.Lost));
        Row("**duplicated**", Bold(v => v.Duplicated));
        Row("**damaged**", Bold(v => v.Damaged));
        Row("**posted twice**", Bold(v => v.DoublePosted));
        Row(
            "**stuck** (not ended within 90 s of the last interruption on an idle machine, or ended with an error)",
            Bold(v => v.Stuck));
        Row("**forged webhooks accepted, or answered with 5xx**", Bold(v => v.LetIn));
        var hostile = verdicts.Where(v => v.Plan.Kind == TrialKind.Hostile).ToList();
        if (hostile.Count == 0)
            return;
        Row("trials with a hostile list beside an honest one", hostile.Count);
        Row("seconds for the honest list alone, p50", Quantile([.. hostile.Select(v => v.HonestAlone).Order()], 0.5));
        Row(
            "seconds for a similar list beside the hostile one, p50",
            Quantile([.. hostile.Select(v => v.HonestBeside).Order()], 0.5));
        Row("peak memory of the command there, MiB", hostile.Max(v => v.PeakBytes) >> 20);
        Row("**honest lists that took more than twice as long, or lost a record**", Bold(v => v.Starved));
        Row("**commands above 512 MiB**", Bold(v => v.Swollen));
        Row("**secrets and terminal controls in output**", Bold(v => v.Leaked));
    }

    private void WriteRecoveries()
    {
        Row("killed at", "kills", "outcome p50 s", "p99 s", "end p50 s", "p99 s");
        Row("---", "---:", "---:", "---:", "---:", "---:");
        var kills = verdicts.SelectMany(v => v.Kills).CountBy(k => k).ToDictionary();
        var recoveries = verdicts.SelectMany(v => v.Recoveries).ToLookup(r => r.Point);
        foreach (var point
            in TrialPlan.Killed.Concat(kills.Keys.Except(TrialPlan.Killed).Order(StringComparer.Ordinal)))
        {
            var outcomes = recoveries[point].Select(r => r.Outcome).OfType<TimeSpan>().Order().ToList();
            var ends = recoveries[point].Select(r => r.End).OfType<TimeSpan>().Order().ToList();
            Row(
                point, kills.GetValueOrDefault(point), Quantile(outcomes, 0.5), Quantile(outcomes, 0.99),
                Quantile(ends, 0.5), Quantile(ends, 0.99));
        }

        var all = verdicts.SelectMany(v => v.Recoveries).ToList();
        var allOutcomes = all.Select(r => r.Outcome).OfType<TimeSpan>().Order().ToList();
        var allEnds = all.Select(r => r.End).OfType<TimeSpan>().Order().ToList();
        Row(
            "all", kills.Values.Sum(), Quantile(allOutcomes, 0.5), Quantile(allOutcomes, 0.99), Quantile(allEnds, 0.5),
            Quantile(allEnds, 0.99));
    }

    private void WriteFaults()
    {
        Row("fault", "trials", "rates");
        Row("---", "---:", "---");
        foreach (var name in FaultPlan.Names)
        {
            var values = verdicts.Select(
                v =>
                    v.Plan.Faults.Drawn.GetValueOrDefault(name)).OfType<string>().Select(v =>
                        v.Split('@')[^1]).ToList();
            Row($"`{name}`", values.Count, string.Join(", ", values.Distinct().Order(StringComparer.Ordinal)));
        }
    }

    private void List(string title, string text) =>
        _text.AppendLine().AppendLine(
            CultureInfo.InvariantCulture, $"## {title}").AppendLine().AppendLine(text).AppendLine();

    private void Row(params object[] cells) =>
        _text.AppendLine(CultureInfo.InvariantCulture, $"| {string.Join(" | ", cells)} |");

    private string Bold(Func<Verdict, List<string>> column) => $"**{verdicts.Sum(v => column(v).Count)}**";

    private static string Quantile(List<TimeSpan> sorted, double q) =>
        sorted.Count == 0
            ? ""
            : sorted[(int)Math.Ceiling(q * sorted.Count) - 1].TotalSeconds.ToString(
                "0.0", CultureInfo.InvariantCulture);
}

using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Pipeline.Chaos;

/// <summary>The table, in Markdown.</summary>
internal static class Report
{
    public static string Write(ChaosOptions options, IReadOnlyList<Verdict> verdicts, TimeSpan took)
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"""
            # Reliability

            Written by `dotnet run -c Release --project tests/Pipeline.Chaos -- --seed {options.Seed} --runs {verdicts.Count} --parallel {options.Parallel} --report docs/reliability.md`
            on {TimeProvider.System.GetUtcNow():yyyy-MM-dd}, after {took.TotalMinutes:0.0} minutes, on {Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}.

            Each trial takes a list of 20 to 49 URLs through the real command and a real emulator of the API, as processes of their own. The command is killed with SIGKILL at a
            named boundary between two durable steps, then perhaps at others, at random times, or frozen while a second process takes over its state. In some trials the emulator
            is killed as well, or wrong webhooks are sent. Faults of the API and the bucket are drawn from the emulator's catalog. An auditor that knows nothing of the ledger compares the files with the API's own account.

            | | |
            | --- | ---: |
            | trials | {verdicts.Count} |
            | kills of the command | {verdicts.Sum(v => v.Kills)} |
            | kills of the emulator | {verdicts.Sum(v => v.EmulatorKills)} |
            | freezes with a second process | {verdicts.Sum(v => v.Freezes)} |
            | kinds of faults injected, over all trials | {verdicts.Sum(v => v.Plan.Faults.Split(',').Length - 2)} |
            | forged webhooks answered | {verdicts.Sum(v => v.Forged)} |
            | of these, by 5xx instead of 401 | {verdicts.Sum(v => v.AnsweredByError)} |
            | URLs | {verdicts.Sum(v => v.Plan.Urls)} |
            | records, each compared byte for byte | {verdicts.Sum(v => v.Records)} |
            | failures | {verdicts.Sum(v => v.Failures)} |
            | of these, accepted by the API but given up (its windows are seconds here) | {verdicts.Sum(v => v.GivenUp)} |
            | **lost** | **{verdicts.Sum(v => v.Lost.Count)}** |
            | **duplicated** | **{verdicts.Sum(v => v.Duplicated.Count)}** |
            | **damaged** | **{verdicts.Sum(v => v.Damaged.Count)}** |
            | **posted twice** | **{verdicts.Sum(v => v.DoublePosted.Count)}** |
            | **stuck** (not ended within 90 s of the last interruption, or ended by an error) | **{verdicts.Sum(v => v.Stuck.Count)}** |
            | **forged webhooks let in** | **{verdicts.Sum(v => v.LetIn.Count)}** |

            Recovery is the time from the last restart to the end of the list, the start of .NET and all remaining work included.

            | last interruption | times | p50 s | p99 s |
            | --- | ---: | ---: | ---: |
            """);
        foreach (var point in verdicts.SelectMany(v => v.Recoveries).GroupBy(r => r.Point).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            var times = point.Select(r => r.Took.TotalSeconds).Order().ToList();
            text.AppendLine(CultureInfo.InvariantCulture, $"| {point.Key} | {times.Count} | {Quantile(times, 0.5):0.0} | {Quantile(times, 0.99):0.0} |");
        }

        var bad = verdicts.Where(v => !v.IsClean).Select(v => v.Plan.Seed).Order().ToList();
        if (bad.Count > 0)
            text.AppendLine().AppendLine($"Trials that failed, by seed: {string.Join(", ", bad)}.");
        return text.ToString();
    }

    private static double Quantile(List<double> sorted, double q) => sorted[(int)Math.Ceiling(q * sorted.Count) - 1];
}

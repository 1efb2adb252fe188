using System.Globalization;

namespace Pipeline.Chaos;

/// <summary>Options of a run.</summary>
/// <param name="Runs">Maximum number of trials.</param>
/// <param name="Kills">Number of kills after which no new trial starts.</param>
/// <param name="Limit">Time after which no new trial starts.</param>
/// <param name="Seed">Seed of the first trial.</param>
/// <param name="Parallel">Number of concurrent trials.</param>
/// <param name="Forged">Number of forged webhooks in each flooded trial.</param>
/// <param name="IsComplete">Whether the run fails if a boundary, fault or kind of trial never occurred.</param>
/// <param name="Report">File for the report; null for standard output only.</param>
/// <param name="Kind">The only kind of trial; null for all kinds in turn.</param>
/// <param name="Faults">Faults of all trials, in the emulator's syntax; null for random ones.</param>
/// <param name="Command">Folder of another build of the command; null for this build.</param>
internal sealed record ChaosOptions(
    int Runs, int Kills, TimeSpan Limit, int Seed, int Parallel, int Forged, bool IsComplete, string? Report,
    TrialKind? Kind, string? Faults, string? Command)
{
    public const string Usage = """
        Usage: tests/chaos.sh [--short | --long] [--runs N] [--kills N] [--minutes M] [--seed S] [--parallel P]
                              [--forged N] [--kind KIND] [--faults LIST] [--report FILE] [--command DIR]
          --short          one trial of each kind; takes about a minute
          --long           1,000 kills and 100,000 forged webhooks; fails if a boundary, fault or kind never occurred
          --runs, --kills, --minutes   when to stop, whichever comes first
          --seed S         seed of the first trial; the next has S+1
          --parallel P     number of concurrent trials (default 2)
          --forged N       number of forged webhooks in each flooded trial
          --kind KIND      only trials of this kind: Plain, SmallDisk, Clock, Azure, Flooded, Restored,
                           RestoredAzure or Hostile
          --faults LIST    faults of all trials instead of random ones: hostile_reply=stall,seed=1
          --report FILE    also write the report to this file
          --command DIR    test another build of the command, for example one with a known bug
        To repeat a failed trial, use its seed: --runs 1 --seed S
        """;

    /// <summary>One trial of each kind.</summary>
    private static readonly ChaosOptions Short = new(
        TrialPlan.Cycle.Count, int.MaxValue, TimeSpan.FromSeconds(60), 4000, 2, 1000, false, null, null, null, null);

    private static readonly ChaosOptions Long = Short with
    {
        Runs = int.MaxValue,
        Kills = 1000,
        Limit = TimeSpan.MaxValue,
        Forged = 10_000,
        IsComplete = true,
    };

    /// <summary>Parses the arguments; null if they are invalid.</summary>
    public static ChaosOptions? Parse(string[] args)
    {
        var options = args.Contains("--long")
            ? Long
            : args.Contains("--short")
            ? Short
            : Long with { IsComplete = false };
        args = [.. args.Where(arg => arg is not ("--long" or "--short"))];
        for (var i = 0; i + 1 < args.Length; i += 2)
            if (With(options, args[i], args[i + 1]) is { } changed)
                options = changed;
            else
                return null;
        return args.Length % 2 == 0 ? options : null;
    }

    private static ChaosOptions? With(ChaosOptions options, string name, string value)
    {
        if (name == "--report")
            return options with { Report = value };
        if (name == "--kind")
            return Enum.TryParse<TrialKind>(value, ignoreCase: true, out var kind)
                ? options with { Kind = kind }
                : null;
        if (name == "--faults")
            return options with { Faults = value };
        if (name == "--command")
            return options with { Command = Path.GetFullPath(value) };
        if (!int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return null;
        return name switch
        {
            "--runs" => options with { Runs = number },
            "--kills" => options with { Kills = number },
            "--minutes" => options with { Limit = TimeSpan.FromMinutes(number) },
            "--seed" => options with { Seed = number },
            "--parallel" when number > 0 => options with { Parallel = number },
            "--forged" => options with { Forged = number },
            _ => null,
        };
    }
}

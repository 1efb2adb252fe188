using System.Globalization;

namespace Pipeline.Chaos;

/// <summary>How many trials, and from which seed.</summary>
/// <param name="Runs">At most so many trials.</param>
/// <param name="Kills">No new trial once so many kills were made.</param>
/// <param name="Limit">No new trial after this time.</param>
/// <param name="Seed">The first trial's.</param>
/// <param name="Parallel">Trials at once.</param>
/// <param name="Forged">Forged webhooks of each trial that is flooded with them.</param>
/// <param name="IsComplete">Whether a boundary, fault or kind of trial that never had its turn is a failure.</param>
/// <param name="Report">Where the table is written; null for standard output only.</param>
/// <param name="Kind">The only kind of trials; null for all in turn.</param>
/// <param name="Faults">The faults of all trials, in the emulator's grammar; null for those drawn.</param>
/// <param name="Command">The folder of another build of the command.</param>
internal sealed record ChaosOptions(int Runs, int Kills, TimeSpan Limit, int Seed, int Parallel, int Forged, bool IsComplete, string? Report, TrialKind? Kind, string? Faults, string? Command)
{
    public const string Usage = """
        Usage: tests/chaos.sh [--short | --long] [--runs N] [--kills N] [--minutes M] [--seed S] [--parallel P]
                              [--forged N] [--kind KIND] [--faults LIST] [--report FILE] [--command DIR]
          --short          one trial of each kind (a check of about a minute)
          --long           1,000 kills and 100,000 forged webhooks; whatever never had its turn is a failure too
          --runs, --kills, --minutes   when to end, whichever comes first
          --seed S         the first trial's seed; the next has S+1
          --parallel P     trials at once (2)
          --forged N       forged webhooks in each trial that is flooded with them
          --kind KIND      only trials of this kind: Plain, SmallDisk, Clock, Azure, Flooded or Hostile
          --faults LIST    the faults of all trials, instead of those drawn: hostile_reply=stall,seed=1
          --report FILE    where the table is written, besides standard output
          --command DIR    another build of the command, to see the suite find what is wrong with it
        A trial that fails is repeated by its own seed: --runs 1 --seed S
        """;

    /// <summary>One trial of each kind.</summary>
    private static readonly ChaosOptions Short = new(TrialPlan.Cycle.Count, int.MaxValue, TimeSpan.FromSeconds(60), 4000, 2, 1000, false, null, null, null, null);

    private static readonly ChaosOptions Long = Short with { Runs = int.MaxValue, Kills = 1000, Limit = TimeSpan.MaxValue, Forged = 10_000, IsComplete = true };

    /// <summary>Reads the arguments; null where they are wrong.</summary>
    public static ChaosOptions? Parse(string[] args)
    {
        var options = args.Contains("--long") ? Long : args.Contains("--short") ? Short : Long with { IsComplete = false };
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
            return Enum.TryParse<TrialKind>(value, ignoreCase: true, out var kind) ? options with { Kind = kind } : null;
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

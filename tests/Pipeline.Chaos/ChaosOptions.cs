using System.Globalization;

namespace Pipeline.Chaos;

/// <summary>How many trials, and from which seed.</summary>
internal sealed record ChaosOptions(int Runs, int Kills, TimeSpan Limit, int Seed, int Parallel, string? Report)
{
    public const string Usage = """
        Usage: dotnet run --project tests/Pipeline.Chaos -- [--runs N] [--kills N] [--minutes M] [--seed S] [--parallel P] [--report FILE] [--short]
          --runs, --kills, --minutes   when to end, whichever comes first (1000 kills)
          --seed S                     the first trial's seed; the next has S+1 (4711)
          --parallel P                 trials at once (2)
          --report FILE                where the table is written, besides standard output
          --short                      a few trials, as a check
        A trial that fails is repeated by its own seed: --runs 1 --seed S
        """;

    /// <summary>Reads the arguments; null where they are wrong.</summary>
    public static ChaosOptions? Parse(string[] args)
    {
        var options = new ChaosOptions(int.MaxValue, 1000, TimeSpan.MaxValue, 4711, 2, null);
        for (var i = 0; i < args.Length; i++)
        {
            if (args[i] == "--short")
            {
                options = options with { Runs = 8 };
                continue;
            }

            if (i + 1 == args.Length)
                return null;
            var (name, value) = (args[i], args[++i]);
            if (name == "--report")
                options = options with { Report = value };
            else if (!int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || With(options, name, number) is not { } changed)
                return null;
            else
                options = changed;
        }

        return options;
    }

    private static ChaosOptions? With(ChaosOptions options, string name, int number) => name switch
    {
        "--runs" => options with { Runs = number },
        "--kills" => options with { Kills = number },
        "--minutes" => options with { Limit = TimeSpan.FromMinutes(number) },
        "--seed" => options with { Seed = number },
        "--parallel" when number > 0 => options with { Parallel = number },
        _ => null,
    };
}

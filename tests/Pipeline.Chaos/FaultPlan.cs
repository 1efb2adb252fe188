using System.Globalization;
using Pipeline.Emulator.Faults;

namespace Pipeline.Chaos;

/// <summary>The faults of a trial, drawn from the emulator's catalog.</summary>
/// <param name="Drawn">Name and value, as the emulator takes them.</param>
/// <param name="LiftedAfter">After how many interruptions those end that let nothing through.</param>
internal sealed record FaultPlan(IReadOnlyDictionary<string, string> Drawn, int LiftedAfter)
{
    private static readonly string[] Rates = ["1", "3", "0.1", "0.3", "0.5", "0.8", "always"];

    // At a high rate nothing ever comes to an end while one of these lasts; as with a real outage, it ends one day.
    private static readonly string[] Blocking =
    [
        "post_429", "post_402", "post_500_before", "post_555_before", "get_429", "get_500",
        "store_busy", "store_timeout", "store_cut", "store_stall", "store_drip",
    ];

    /// <summary>Every fault that can happen; the others are settings of these.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. FaultCatalog.All.Where(k => k.Value != FaultValueKind.Setting).Select(k => k.Name)];

    private static readonly string[] Hostile = [.. Names.Where(IsHostile)];

    private static readonly string[] Others = [.. Names.Where(name => !IsHostile(name))];

    /// <summary>How they are all given.</summary>
    public string Text => Format(Drawn);

    /// <summary>What is left once the outage is over.</summary>
    public IEnumerable<KeyValuePair<string, string>> WithoutOutage => Drawn.Where(f => !Blocking.Contains(f.Key));

    /// <summary>The same, as text.</summary>
    public string TextWithoutOutage => Format(WithoutOutage);

    /// <summary>Whether the command may find the API unusable while they last.</summary>
    public bool IsOutage => Drawn.Keys.Any(Blocking.Contains);

    /// <summary>Whether it is drawn what a refusal says, so that there has to be one.</summary>
    public bool HasRefusals => Drawn.ContainsKey("refusal_details");

    /// <summary>Draws none to four faults, one in seven at each rate; every one has its turn by the seed.</summary>
    /// <param name="random">Of the trial.</param>
    /// <param name="seed">Of the trial.</param>
    /// <param name="isSlow">Nothing that ends with a day only: the clock itself is wrong by one.</param>
    public static FaultPlan Draw(Random random, int seed, bool isSlow)
    {
        var drawn = new Dictionary<string, string> { ["seed"] = seed.ToString(CultureInfo.InvariantCulture), ["retry_after_ms"] = "200" };
        var names = random.GetItems(Others, random.Next(4)).Append(Others[seed / 2 % Others.Length]).Where(n => !isSlow || n != "task_never");
        foreach (var kind in names.Distinct().Select(n => FaultCatalog.ByName[n]))
            drawn[kind.Name] = Value(random, kind);
        if (drawn.Keys.Any(n => n.StartsWith("object_", StringComparison.Ordinal)) && random.Next(2) == 0)
            drawn["object_heal_ms"] = "700";
        return new(drawn, random.Next(1, 4));
    }

    /// <summary>
    /// Draws what is hostile: all of it at a rate that leaves the list a chance, or, half of the time, one kind of one thing.
    /// </summary>
    public static FaultPlan DrawHostile(Random random, int seed)
    {
        var name = Hostile[1 + (seed % (Hostile.Length - 1))];
        var words = FaultCatalog.ByName[name].Words;
        var (fault, value) = random.Next(2) == 0
            ? (Hostile[0], Rates[random.Next(2, Rates.Length)])
            : (name, $"{words[random.Next(words.Length)]}@{Rates[random.Next(4, Rates.Length)]}");
        return new(new Dictionary<string, string> { ["seed"] = seed.ToString(CultureInfo.InvariantCulture), [fault] = value }, 0);
    }

    /// <summary>Reads faults that were chosen.</summary>
    /// <exception cref="FormatException">Not of the emulator's grammar.</exception>
    public static FaultPlan Parse(string text) =>
        new(FaultSet.Parse(text).Faults.ToDictionary(f => f.Key, f => f.Value.ToString()), 1);

    private static bool IsHostile(string name) => name.StartsWith("hostile", StringComparison.Ordinal);

    private static string Value(Random random, FaultKind kind)
    {
        var rate = Rates[random.Next(Rates.Length)];
        return kind.Value switch
        {
            FaultValueKind.Milliseconds => $"{random.Next(100, 1500)}@{rate}",
            FaultValueKind.Word => $"{kind.Words[random.Next(kind.Words.Length)]}@{rate}",
            _ => rate,
        };
    }

    private static string Format(IEnumerable<KeyValuePair<string, string>> faults) => string.Join(',', faults.Select(f => $"{f.Key}={f.Value}"));
}

using System.Globalization;
using Pipeline.Emulator.Faults;

namespace Pipeline.Chaos;

/// <summary>The faults of a trial, chosen at random from the emulator's catalog.</summary>
/// <param name="Drawn">Names and values in the emulator's syntax.</param>
/// <param name="LiftedAfter">Number of interruptions after which the blocking faults end.</param>
internal sealed record FaultPlan(IReadOnlyDictionary<string, string> Drawn, int LiftedAfter)
{
    private static readonly string[] Rates = ["1", "3", "0.1", "0.3", "0.5", "0.8", "always"];

    // At a high rate, these let no work finish. Like a real outage, they end after a while.
    private static readonly string[] Blocking =
    [
        "post_429", "post_402", "post_500_before", "post_555_before", "get_429", "get_500",
        "store_busy", "store_timeout", "store_cut", "store_stall", "store_drip",
    ];

    /// <summary>Every fault that can happen; the rest of the catalog are settings of faults.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. FaultCatalog.All.Where(k => k.Value != FaultValueKind.Setting).Select(k => k.Name)];

    private static readonly string[] Hostile = [.. Names.Where(IsHostile)];

    private static readonly string[] Others = [.. Names.Where(name => !IsHostile(name))];

    /// <summary>All faults, in the emulator's syntax.</summary>
    public string Text => Format(Drawn);

    /// <summary>The faults that remain after the outage.</summary>
    public IEnumerable<KeyValuePair<string, string>> WithoutOutage => Drawn.Where(f => !Blocking.Contains(f.Key));

    /// <summary>The faults that remain after the outage, in the emulator's syntax.</summary>
    public string TextWithoutOutage => Format(WithoutOutage);

    /// <summary>Whether the faults may make the API unusable.</summary>
    public bool IsOutage => Drawn.Keys.Any(Blocking.Contains);

    /// <summary>Whether a fault changes the text of refusals, so that the trial must provoke one.</summary>
    public bool HasRefusals => Drawn.ContainsKey("refusal_details");

    /// <summary>
    /// Chooses up to four faults with random rates. Consecutive seeds go through all faults.
    /// </summary>
    /// <param name="random">The trial's random numbers.</param>
    /// <param name="seed">The trial's seed.</param>
    /// <param name="isSlow">
    /// Whether the clock is off by a day; faults that only a deadline ends are then left out.
    /// </param>
    public static FaultPlan Draw(Random random, int seed, bool isSlow)
    {
        var drawn = new Dictionary<string, string>
        {
            ["seed"] = seed.ToString(CultureInfo.InvariantCulture),
            ["retry_after_ms"] = "200",
        };
        var names = random.GetItems(Others, random.Next(4))
            .Append(Others[seed / 2 % Others.Length])
            .Where(n => !isSlow || n != "task_never");
        foreach (var kind in names.Distinct().Select(n => FaultCatalog.ByName[n]))
            drawn[kind.Name] = Value(random, kind);
        if (drawn.Keys.Any(n => n.StartsWith("object_", StringComparison.Ordinal)) && random.Next(2) == 0)
            drawn["object_heal_ms"] = "700";
        return new(drawn, random.Next(1, 4));
    }

    /// <summary>
    /// Chooses hostile faults: half of the time all of them at a moderate rate, otherwise a single kind of one fault.
    /// Consecutive seeds go through all faults.
    /// </summary>
    public static FaultPlan DrawHostile(Random random, int seed)
    {
        var (turn, index) = int.DivRem(seed, Hostile.Length - 1);
        var name = Hostile[1 + index];
        var words = FaultCatalog.ByName[name].Words;
        var (fault, value) = turn % 2 == 0
            ? (Hostile[0], Rates[random.Next(2, Rates.Length)])
            : (name, $"{words[random.Next(words.Length)]}@{Rates[random.Next(4, Rates.Length)]}");
        return new(
            new Dictionary<string, string> { ["seed"] = seed.ToString(CultureInfo.InvariantCulture), [fault] = value },
            0);
    }

    /// <summary>Parses given faults.</summary>
    /// <exception cref="FormatException">The text does not follow the emulator's syntax.</exception>
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

    private static string Format(IEnumerable<KeyValuePair<string, string>> faults) =>
        string.Join(',', faults.Select(f => $"{f.Key}={f.Value}"));
}

using System.Globalization;

namespace Pipeline.Emulator.Faults;

/// <summary>A configured fault.</summary>
/// <param name="Value">The word or number; empty for a fault that is only a chance.</param>
/// <param name="Chance">How often it happens.</param>
internal sealed record ConfiguredFault(string Value, Chance Chance)
{
    public int Number => int.Parse(Value, NumberStyles.None, CultureInfo.InvariantCulture);

    public override string ToString() =>
        Value.Length == 0 ? Chance.ToString() : Chance == Chance.Always ? Value : $"{Value}@{Chance}";
}

/// <summary>The configured faults, by name.</summary>
internal sealed class FaultSet(IReadOnlyDictionary<string, ConfiguredFault> faults)
{
    public static readonly FaultSet None = new(new Dictionary<string, ConfiguredFault>());

    private const string ChanceForms = "a count such as 3, a share such as 0.1 or 10%, or always";

    public IReadOnlyDictionary<string, ConfiguredFault> Faults { get; } = faults;

    /// <summary>Parses <c>name=value,name=value@chance,name</c>.</summary>
    /// <exception cref="FormatException">
    /// The text is malformed; the message names the fault and the values it takes.
    /// </exception>
    public static FaultSet Parse(string text) =>
        FromPairs(text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(part =>
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            return equals < 0 ? (part, "always") : (part[..equals].TrimEnd(), part[(equals + 1)..].TrimStart());
        }));

    /// <summary>Parses names and values.</summary>
    /// <exception cref="FormatException">A name is unknown, or a value is malformed.</exception>
    public static FaultSet FromPairs(IEnumerable<(string Name, string Value)> pairs)
    {
        var faults = new Dictionary<string, ConfiguredFault>();
        foreach (var (name, value) in pairs)
        {
            if (!FaultCatalog.ByName.TryGetValue(name, out var kind))
                throw Unknown(name);
            faults[name] = ParseValue(kind, value);
        }
        return new(faults);
    }

    /// <summary>These faults with one changed, or removed if <paramref name="fault"/> is null.</summary>
    public FaultSet With(string name, ConfiguredFault? fault)
    {
        var changed = Faults.Where(f => f.Key != name).ToDictionary();
        if (fault is not null)
            changed.Add(name, fault);
        return new(changed);
    }

    private static FormatException Unknown(string name) =>
        new($"'{name}' is not a known fault. "
            + (Nearest.Of(name, FaultCatalog.ByName.Keys) is { } nearest ? $"Did you mean {nearest}? " : "")
            + "'pipeline emulator --help' lists them.");

    private static ConfiguredFault ParseValue(FaultKind kind, string text)
    {
        if (kind.Value == FaultValueKind.Chance)
            return Chance.TryParse(text, out var only) ? new("", only.Value) : throw Wrong(kind, text, ChanceForms);
        var at = kind.Value == FaultValueKind.Setting ? -1 : text.LastIndexOf('@');
        Chance? chance = Chance.Always;
        if (at >= 0 && !Chance.TryParse(text[(at + 1)..], out chance))
            throw Wrong(kind, text, $"after @ {ChanceForms}");
        var value = at < 0 ? text : text[..at];
        if (kind.Value == FaultValueKind.Word)
        {
            if (!kind.Words.Contains(value))
                throw Wrong(kind, text, $"one of {string.Join(", ", kind.Words)}");
        }
        else if (!int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _))
        {
            throw Wrong(
                kind, text, kind.Value == FaultValueKind.Milliseconds ? "whole milliseconds" : "a whole number");
        }
        return new(value, chance.Value);
    }

    private static FormatException Wrong(FaultKind kind, string text, string expected) =>
        new($"Fault '{kind.Name}' takes {expected}, not '{text}'.");
}

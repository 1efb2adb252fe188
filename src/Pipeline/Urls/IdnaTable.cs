using System.Globalization;

namespace Pipeline.Urls;

/// <summary>
/// What UTS 46 and the canonical composition say of each code point. .NET has neither here: it takes both from ICU,
/// and the process runs without ICU (InvariantGlobalization).
/// </summary>
internal sealed class IdnaTable
{
    private static readonly Lazy<IdnaTable> s_instance = new(() => new());

    private readonly List<(int First, int Last)> _refused = [];
    private readonly Dictionary<int, int[]> _mapped = [];
    private readonly Dictionary<(int, int), int> _composed = [];
    private readonly Dictionary<int, (int, int)> _decomposed = [];
    private readonly Dictionary<int, byte> _classes = [];

    private IdnaTable()
    {
        using var resource = typeof(IdnaTable).Assembly.GetManifestResourceStream("Pipeline.Urls.idna.txt")!;
        using var lines = new StreamReader(resource);
        while (lines.ReadLine() is { } line)
            if (line[0] != '#')
                Add(line[0], line[2..].Split(' '));
    }

    /// <summary>Read at the first host that is not ASCII; it takes milliseconds and some hundred kilobytes.</summary>
    public static IdnaTable Instance => s_instance.Value;

    /// <summary>Whether a host must not hold the code point.</summary>
    public bool IsRefused(int point)
    {
        var at = _refused.BinarySearch((point, int.MaxValue));
        return at < 0 && ~at > 0 && point <= _refused[~at - 1].Last;
    }

    /// <summary>What a host holds in its place; empty for what is left out, null where it stays.</summary>
    public int[]? Map(int point) => _mapped.GetValueOrDefault(point);

    /// <summary>The code point that two make together; 0 where they make none.</summary>
    public int Compose(int first, int second) => _composed.GetValueOrDefault((first, second));

    /// <summary>The two code points that make one; null where none do.</summary>
    public (int First, int Second)? Decompose(int point) =>
        _decomposed.TryGetValue(point, out var parts) ? parts : null;

    /// <summary>The canonical combining class; 0 for what starts a character.</summary>
    public byte ClassOf(int point) => _classes.GetValueOrDefault(point);

    private void Add(char kind, string[] fields)
    {
        var (first, last) = Range(fields[0]);
        switch (kind)
        {
            case '!':
                _refused.Add((first, last));
                break;
            case '>':
                for (var point = first; point <= last; point++)
                    _mapped[point] = [Hex(fields[1]) + point - first];
                break;
            case '=':
                _mapped[first] = [.. fields[1..].Select(Hex)];
                break;
            case '+':
                _composed[(first, Hex(fields[1]))] = Hex(fields[2]);
                _decomposed[Hex(fields[2])] = (first, Hex(fields[1]));
                break;
            case '^':
                for (var point = first; point <= last; point++)
                    _classes[point] = byte.Parse(fields[1], CultureInfo.InvariantCulture);
                break;
        }
    }

    private static (int First, int Last) Range(string text) =>
        text.Split('-') is [var first, var last] ? (Hex(first), Hex(last)) : (Hex(text), Hex(text));

    private static int Hex(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}

using System.Globalization;

namespace Pipeline.Urls;

/// <summary>
/// The tables of UTS 46 and of canonical composition. .NET takes both from ICU, and this process runs without ICU
/// (InvariantGlobalization).
/// </summary>
internal sealed class IdnaTable
{
    private static readonly Lazy<IdnaTable> Shared = new(() => new());

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

    /// <summary>
    /// The tables. The first host that is not ASCII loads them: a few milliseconds and hundreds of KB.
    /// </summary>
    public static IdnaTable Instance => Shared.Value;

    /// <summary>Whether a host must not contain the code point.</summary>
    public bool IsRefused(int point)
    {
        var at = _refused.BinarySearch((point, int.MaxValue));
        return at < 0 && ~at > 0 && point <= _refused[~at - 1].Last;
    }

    /// <summary>Returns the replacement of a code point: empty if it is removed, null if it stays.</summary>
    public int[]? Map(int point) => _mapped.GetValueOrDefault(point);

    /// <summary>Returns the composition of two code points; 0 if they do not compose.</summary>
    public int Compose(int first, int second) => _composed.GetValueOrDefault((first, second));

    /// <summary>Returns the two code points a code point decomposes to; null if it does not decompose.</summary>
    public (int First, int Second)? Decompose(int point) =>
        _decomposed.TryGetValue(point, out var parts) ? parts : null;

    /// <summary>Returns the canonical combining class; 0 for a starter.</summary>
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

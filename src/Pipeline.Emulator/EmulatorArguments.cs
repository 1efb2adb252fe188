using Pipeline.Emulator.Faults;
using Pipeline.Emulator.Sample;

namespace Pipeline.Emulator;

/// <summary>The arguments of the emulator alone.</summary>
internal static class EmulatorArguments
{
    private const string AllowPrivate = "--allow-private";

    private const int Columns = 80;

    public static readonly string Help = Wrap($"""
        Stands in for Nimble's web-extraction API on this machine: fetches pages,
        delivers to buckets, calls webhooks.

        Usage: pipeline emulator --data DIR [options]

          --data DIR           keeps tasks, results and objects, across restarts
          --urls URL           where to listen (http://127.0.0.1:5005); port 0 takes a
                               free one
          --api-key KEY        the one key that is accepted; without it any is
          --storage MODE       own: the emulator's own buckets under /s3 and /gcs;
                               outside: by the clouds' own variables; auto (default):
                               outside where those variables are set
          --workers N          tasks worked on at once (64)
          --canned BYTES       fetches nothing: every page is one made up here, that
                               long (for measuring clients)
          --faults LIST        faults to inject; also by GET, PUT, DELETE
                               /_admin/faults
          --allow-private      fetches pages from this machine and private networks
                               too; else only from the public internet
          --help

        There is no browser behind it: 'render' is accepted and has no effect, and a
        'screenshot' is never made. /v1 answers in the shapes of the API's documents,
        /v2 in those of the vendor's current SDK. GET /_admin/stats says what was
        accepted, made, delivered and called.

        {FaultCatalog.Describe()}

        Examples:
          pipeline emulator --data emulator-data
          pipeline emulator --data emulator-data --faults post_429=2,webhook_lost=0.1

        """);

    /// <summary>Reads the arguments.</summary>
    /// <returns>Null for <c>--help</c>.</returns>
    /// <exception cref="FormatException">Wrong usage; the message says what.</exception>
    public static EmulatorOptions? Parse(IReadOnlyList<string> args)
    {
        if (args.Contains("--help"))
            return null;
        var values = new Dictionary<string, string>();
        var allowPrivate = args.Contains(AllowPrivate);
        args = [.. args.Where(arg => arg != AllowPrivate)];
        for (var i = 0; i < args.Count; i += 2)
        {
            if (args[i] is not ("--data" or "--urls" or "--api-key" or "--storage" or "--workers" or "--canned" or "--faults"))
                throw new FormatException($"'{args[i]}' is not an option; --help tells them.");
            if (i + 1 == args.Count)
                throw new FormatException($"{args[i]} needs a value.");
            values[args[i]] = args[i + 1];
        }
        if (!values.TryGetValue("--data", out var data))
            throw new FormatException("--data DIR is needed: the folder that keeps tasks, results and objects.");
        var urls = values.GetValueOrDefault("--urls", "http://127.0.0.1:5005");
        if (!Uri.TryCreate(urls, UriKind.Absolute, out var address))
            throw new FormatException($"--urls '{urls}' is not a URL; write http://127.0.0.1:5005.");
        if (!Enum.TryParse<StorageMode>(values.GetValueOrDefault("--storage", "auto"), ignoreCase: true, out var storage))
            throw new FormatException("--storage takes own, outside or auto.");
        if (!int.TryParse(values.GetValueOrDefault("--workers", "64"), out var workers) || workers is < 1 or > 1000)
            throw new FormatException("--workers takes a number from 1 to 1000.");
        var canned = 0;
        if (values.TryGetValue("--canned", out var bytes) && !(int.TryParse(bytes, out canned) && canned is >= GeneratedPage.MinBytes and <= GeneratedPage.MaxBytes))
            throw new FormatException($"--canned takes a number of bytes from {GeneratedPage.MinBytes} to {GeneratedPage.MaxBytes}.");
        return new()
        {
            DataFolder = Path.GetFullPath(data),
            Address = address,
            ApiKey = values.GetValueOrDefault("--api-key"),
            Storage = storage,
            Workers = workers,
            CannedBytes = bytes is null ? null : canned,
            Faults = values.GetValueOrDefault("--faults", ""),
            AllowPrivate = allowPrivate,
            Log = true,
        };
    }

    /// <summary>Breaks lines that are too long between words; what goes on starts where the line's last column did.</summary>
    private static string Wrap(string text) => string.Join('\n', text.Split('\n').SelectMany(line =>
    {
        var lines = new List<string>();
        var indent = new string(' ', line.LastIndexOf("  ", Math.Min(line.Length, Columns / 2), StringComparison.Ordinal) + 2);
        while (line.Length > Columns && line.LastIndexOf(' ', Columns) is var end && end > indent.Length)
        {
            lines.Add(line[..end].TrimEnd());
            line = indent + line[end..].TrimStart();
        }

        return lines.Append(line);
    }));
}

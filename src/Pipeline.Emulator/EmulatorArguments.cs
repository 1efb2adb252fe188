using Pipeline.Emulator.Faults;
using Pipeline.Emulator.Sample;

namespace Pipeline.Emulator;

/// <summary>Parses the command line of the emulator.</summary>
internal static class EmulatorArguments
{
    private const string AllowPrivate = "--allow-private";

    private const int Columns = 80;

    public static readonly string Help = Wrap($"""
        Emulates Nimble's web-extraction API on this machine: fetches pages, delivers
        results to buckets and calls webhooks.

        Usage: pipeline emulator --data DIR [options]

          --data DIR           folder for tasks, results and objects; kept across
                               restarts
          --urls URL           address to listen on (http://127.0.0.1:5005); port 0
                               takes a free port
          --api-key KEY        the only API key that is accepted; without this option,
                               any key is
          --storage MODE       own: the emulator's own buckets under /s3 and /gcs;
                               outside: S3 and GCS, configured by their own
                               environment variables; auto (default): outside if
                               those variables are set, else own
          --workers N          number of tasks that run at once (64)
          --canned BYTES       fetch nothing: every page is a generated one of this
                               length (to measure clients)
          --faults LIST        faults to inject; GET, PUT and DELETE /_admin/faults
                               read and change them
          --allow-private      also fetch pages from this machine and private
                               networks, not only from the public internet
          --help

        The emulator has no browser: it accepts 'render' without effect, and never
        makes a 'screenshot'. /v1 answers as the API's documents say, /v2 as the
        vendor's current SDK expects. GET /_admin/stats lists the accepted POSTs and
        counts tasks, delivered objects and webhook calls.

        {FaultCatalog.Describe()}

        Examples:
          pipeline emulator --data emulator-data
          pipeline emulator --data emulator-data --faults post_429=2,webhook_lost=0.1

        """);

    /// <summary>Parses the arguments.</summary>
    /// <returns>The options; null for <c>--help</c>.</returns>
    /// <exception cref="FormatException">The arguments are wrong; the message says how.</exception>
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
                throw new FormatException($"There is no option '{args[i]}'. --help lists the options.");
            if (i + 1 == args.Count)
                throw new FormatException($"{args[i]} needs a value.");
            values[args[i]] = args[i + 1];
        }
        if (!values.TryGetValue("--data", out var data))
            throw new FormatException("--data DIR is required: the folder for tasks, results and objects.");
        var urls = values.GetValueOrDefault("--urls", "http://127.0.0.1:5005");
        if (!Uri.TryCreate(urls, UriKind.Absolute, out var address))
            throw new FormatException($"--urls takes a URL such as http://127.0.0.1:5005, not '{urls}'.");
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

    /// <summary>Breaks long lines between words, and indents the rest to the line's last column of text.</summary>
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

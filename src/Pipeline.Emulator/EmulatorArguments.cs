using System.CommandLine;
using System.CommandLine.Parsing;
using Pipeline.Emulator.Faults;
using Pipeline.Emulator.Sample;

namespace Pipeline.Emulator;

/// <summary>The command line of the emulator: its options, their help, and what they parse to.</summary>
internal static class EmulatorArguments
{
    private const int Columns = 80;
    private const int NameColumns = 19;

    private static readonly Option<string> Data = new("--data")
    {
        HelpName = "DIR",
        Description = "folder for tasks, results and objects, kept across restarts; without this option, a temporary "
            + "folder that is deleted at the end",
    };

    private static readonly Option<Uri> Urls = new("--urls")
    {
        HelpName = "URL",
        Description = "address to listen on (http://127.0.0.1:5005); port 0 takes a free port",
        DefaultValueFactory = _ => new("http://127.0.0.1:5005"),
        CustomParser = Parser(
            text => Uri.TryCreate(text, UriKind.Absolute, out var address) ? address : null,
            text => $"--urls takes a URL such as http://127.0.0.1:5005, not '{text}'."),
    };

    private static readonly Option<int?> Port = new("--port")
    {
        HelpName = "N",
        Description = "port on this machine, instead of --urls; 0 takes a free one",
        CustomParser = Parser(text => Number(text, 0, 65535), _ => "--port takes a number from 0 to 65535."),
    };

    private static readonly Option<string> ApiKey = new("--api-key")
    {
        HelpName = "KEY",
        Description = "the only API key that is accepted; without this option, any key is",
    };

    private static readonly Option<StorageMode?> Storage = new("--storage")
    {
        HelpName = "MODE",
        Description = "own: the emulator's own buckets under /s3 and /gcs; outside: S3 and GCS, configured by their "
            + "own environment variables; auto (default): outside if those variables are set, else own",
        DefaultValueFactory = _ => StorageMode.Auto,
        CustomParser = Parser<StorageMode?>(
            text => Enum.TryParse<StorageMode>(text, ignoreCase: true, out var mode) ? mode : null,
            _ => "--storage takes own, outside or auto."),
    };

    private static readonly Option<int?> Workers = new("--workers")
    {
        HelpName = "N",
        Description = "number of tasks that run at once (64)",
        DefaultValueFactory = _ => 64,
        CustomParser = Parser(
            text => Number(text, 1, 1000), _ => "--workers takes a number from 1 to 1000."),
    };

    private static readonly Option<int?> Canned = new("--canned")
    {
        HelpName = "BYTES",
        Description = "fetch nothing: every page is a generated one of this length (to measure clients)",
        CustomParser = Parser(
            text => Number(text, GeneratedPage.MinBytes, GeneratedPage.MaxBytes),
            _ => $"--canned takes a number of bytes from {GeneratedPage.MinBytes} to {GeneratedPage.MaxBytes}."),
    };

    private static readonly Option<string> FaultList = new("--faults")
    {
        HelpName = "LIST",
        Description = "faults to inject; GET, PUT and DELETE /_admin/faults read and change them",
        DefaultValueFactory = _ => "",
    };

    private static readonly Option<bool> AllowPrivate = new("--allow-private")
    {
        Description = "also fetch pages from this machine and private networks, not only from the public internet",
    };

    private static readonly Option<bool> ExitWithStdin = new("--exit-with-stdin")
    {
        Description = "stop when standard input closes, and so with the program that started it",
    };

    private static readonly Option<string> Record = new("--record")
    {
        HelpName = "FILE",
        Description = "pass everything on to --upstream and keep the session, without keys and tokens",
    };

    private static readonly Option<Uri> Upstream = Address("--upstream", "the API to record");

    private static readonly Option<Uri> CallbackBase = Address(
        "--callback-base", "where the upstream reaches the recorder, to keep webhooks");

    private static readonly Option<string> Replay = new("--replay")
    {
        HelpName = "FILE",
        Description = "answer a recorded session again",
    };

    private static readonly Option<bool> ShowHelp = new("--help") { Description = "show this text" };

    private static readonly Command Emulator = new("emulator")
    {
        Data, Urls, Port, ApiKey, Storage, Workers, Canned, FaultList, AllowPrivate, ExitWithStdin, Record, Upstream,
        CallbackBase, Replay, ShowHelp,
    };

    /// <summary>The help text, at most 80 columns wide.</summary>
    public static string Help =>
        $"""
        Emulates Nimble's web-extraction API on this machine: fetches pages, delivers
        results to buckets and calls webhooks.

        Usage: pipeline emulator [options]

        {Wrap(string.Join('\n', Emulator.Options.Select(Row)))}

        The emulator has no browser: it accepts 'render' without effect, and never
        makes a 'screenshot'. /v1 answers as the API's documents say, /v2 as the
        vendor's current SDK expects. GET /_admin/stats lists the accepted POSTs and
        counts tasks, delivered objects and webhook calls. Its page at / shows all of
        it and switches faults; /openapi.json describes the API. Once it listens, it
        prints its addresses to standard output as one line of JSON.

        {Wrap(FaultCatalog.Describe())}

        Examples:
          pipeline emulator --data emulator-data
          pipeline emulator --port 0 --exit-with-stdin --faults post_429=2

        """;

    /// <summary>Whether the command stops when its standard input closes.</summary>
    public static bool StopsWithStdin(IReadOnlyList<string> args) => args.Contains(ExitWithStdin.Name);

    /// <summary>Parses the arguments.</summary>
    /// <returns>The options; null for <c>--help</c>. The folder is empty if the command uses a temporary one.</returns>
    /// <exception cref="FormatException">The arguments are wrong; the message says how.</exception>
    public static EmulatorOptions? Parse(IReadOnlyList<string> args)
    {
        var parsed = Emulator.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (args.Contains(ShowHelp.Name))
            return null;
        if (ProblemOf(parsed) is { } problem)
            throw new FormatException(problem);
        return new()
        {
            DataFolder = parsed.GetValue(Data) is { } folder ? Path.GetFullPath(folder) : "",
            Address = parsed.GetValue(Port) is { } port ? new($"http://127.0.0.1:{port}") : parsed.GetValue(Urls)!,
            ApiKey = parsed.GetValue(ApiKey),
            Storage = parsed.GetValue(Storage)!.Value,
            Workers = parsed.GetValue(Workers)!.Value,
            CannedBytes = parsed.GetValue(Canned),
            Faults = parsed.GetValue(FaultList)!,
            AllowPrivate = parsed.GetValue(AllowPrivate),
            RecordFile = parsed.GetValue(Record),
            Upstream = parsed.GetValue(Upstream),
            CallbackBase = parsed.GetValue(CallbackBase),
            ReplayFile = parsed.GetValue(Replay),
            Log = true,
        };
    }

    /// <summary>The first problem of a command line, in the user's words; null if there is none.</summary>
    private static string? ProblemOf(ParseResult parsed)
    {
        if (parsed.UnmatchedTokens is [var unknown, ..])
            return $"There is no option '{unknown}'. --help lists the options.";
        var given = parsed.CommandResult.Children.OfType<OptionResult>().Where(option => !option.Implicit);
        if (given.FirstOrDefault(o => o.Tokens.Count == 0 && o.Option.Arity.MinimumNumberOfValues > 0) is { } bare)
            return $"{bare.Option.Name} needs a value.";
        if (parsed.Errors is [var error, ..])
            return error.Message;
        return ConflictOf([.. given.Select(option => option.Option)]);
    }

    /// <summary>What is wrong with options that exclude each other; null if nothing is.</summary>
    private static string? ConflictOf(HashSet<Option> given)
    {
        if (given.Contains(Port) && given.Contains(Urls))
            return "--port and --urls both say where to listen. Give one of them.";
        if (given.Contains(Record) != given.Contains(Upstream))
            return "--record FILE and --upstream URL go together: the file to write, and the API to record.";
        if (given.Contains(CallbackBase) && !given.Contains(Record))
            return "--callback-base is for --record.";
        if (given.Contains(Record) && given.Contains(Replay))
            return "--record and --replay exclude each other. Record a session first, then replay it.";
        var isSession = given.Contains(Record) || given.Contains(Replay);
        return isSession && given.FirstOrDefault(o => o == FaultList || o == Canned || o == Workers) is { } idle
            ? $"{idle.Name} has no effect while a session is recorded or replayed. Leave it out."
            : null;
    }

    private static Option<Uri> Address(string name, string description) => new(name)
    {
        HelpName = "URL",
        Description = description,
        CustomParser = Parser(
            text => Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
                && address.AbsolutePath == "/" && address.UserInfo.Length == 0 ? address : null,
            text => $"{name} takes an address without a path, such as https://sdk.nimbleway.com, not '{text}'."),
    };

    private static Func<ArgumentResult, T?> Parser<T>(Func<string, T?> read, Func<string, string> problem) => result =>
    {
        var text = result.Tokens[^1].Value;
        if (read(text) is { } value)
            return value;
        result.AddError(problem(text));
        return default;
    };

    private static int? Number(string text, int min, int max) =>
        int.TryParse(text, out var number) && number >= min && number <= max ? number : null;

    private static string Row(Option option) =>
        $"  {$"{option.Name} {option.HelpName}".PadRight(NameColumns)}  {option.Description}";

    /// <summary>Breaks long lines between words, and indents the rest to the line's last column of text.</summary>
    private static string Wrap(string text) => string.Join('\n', text.Split('\n').SelectMany(line =>
    {
        var lines = new List<string>();
        var gap = line.LastIndexOf("  ", Math.Min(line.Length, Columns / 2), StringComparison.Ordinal);
        var indent = new string(' ', gap + 2);
        while (line.Length > Columns && line.LastIndexOf(' ', Columns) is var end && end > indent.Length)
        {
            lines.Add(line[..end].TrimEnd());
            line = indent + line[end..].TrimStart();
        }

        return lines.Append(line);
    }));
}

using System.CommandLine;
using Pipeline.Intake;
using Pipeline.Stores.Azure;
using Pipeline.Stores.Objects;

namespace Pipeline.Cli.Run;

/// <summary><c>pipeline run</c>: lists to their end, on this machine.</summary>
internal static class RunCommand
{
    private const string DefaultOut = "pipeline-out";
    private const string NimbleApi = "https://sdk.nimbleway.com";

    private static readonly Argument<string[]> Lists = new("LIST")
    {
        Description = "Files of URLs (text, CSV, NDJSON, JSON or a Nimble batch body), '-' for standard input, or URLs. Without any, the built-in sample site.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    internal static readonly Option<string> Out = new("--out")
    {
        Description = "Folder for records.ndjson, failures.ndjson and manifest.json.", HelpName = "DIR", DefaultValueFactory = _ => DefaultOut,
    };

    internal static readonly Option<string?> State = new("--state") { Description = "Folder that lets the same command go on after a kill. Default: .pipeline inside --out.", HelpName = "DIR" };
    internal static readonly Option<string?> Api = new("--api") { Description = "Root of the API. Default: Nimble when NIMBLE_API_KEY is set, else an emulator in this process.", HelpName = "URL" };
    internal static readonly Option<string?> StorageUrl = new("--storage-url") { Description = "s3://bucket/prefix/ or gs://bucket/prefix/ for results. Default: the emulator's own bucket, else read from the API.", HelpName = "URL" };
    internal static readonly Option<bool> Compress = new("--compress") { Description = "Have the results gzipped." };
    internal static readonly Option<string?> Listen = new("--listen") { Description = "Where callbacks and the status page are served. Default: a free loopback port.", HelpName = "URL" };
    internal static readonly Option<string?> CallbackBase = new("--callback-base") { Description = "What Nimble is told to call. Default: --listen when the API is on loopback, else nothing, and results are polled for.", HelpName = "URL" };
    internal static readonly Option<string[]> Shared = new("--shared") { Description = "An extraction option for every URL, such as country=US or render=true; repeatable.", HelpName = "k=v", DefaultValueFactory = _ => [] };
    internal static readonly Option<string?> UrlColumn = new("--url-column")
    {
        Description = "The column of URLs in CSV lists. Default: url.", HelpName = "NAME",
    };

    internal static readonly Option<bool> Strict = new("--strict") { Description = "Refuse a list with any bad line instead of failing those lines." };
    internal static readonly Option<ContentMode> Content = new("--content") { Description = "inline: records carry the content; reference: only where it lies." };
    internal static readonly Option<string?> Faults = new("--faults") { Description = "Faults for the emulator in this process; 'pipeline emulator --help' lists them.", HelpName = "k=v,..." };
    internal static readonly Option<bool> AllowPrivate = new("--allow-private")
    {
        Description = "Submit URLs with credentials, of this machine and of private networks too, and let the emulator in this process fetch them.",
    };
    internal static readonly Option<string[]> RefuseDomain = new("--refuse-domain") { Description = "A domain whose URLs, subdomains included, are not submitted but end as failures; repeatable.", HelpName = "D", DefaultValueFactory = _ => [] };
    internal static readonly Option<long?> MaxUrls = new("--max-urls") { Description = "URLs posted for each list at the most, retries included; the rest ends as failures. The environment has more budgets: docs/operating.md.", HelpName = "N" };
    internal static readonly Option<int?> Canary = new("--canary") { Description = "Submit the first N inputs of each list alone, and the rest only if enough of them succeed.", HelpName = "N" };
    private static readonly Option<bool> Verbose = new("--verbose") { Description = "Write the log to standard error." };

    public static Command Create()
    {
        var command = new Command("run", "Run lists of URLs to their end: one record or one failure per URL, and a manifest that proves it.")
        {
            Lists, Out, State, Api, StorageUrl, Compress, Listen, CallbackBase, Shared, UrlColumn, Strict, Content, Faults, AllowPrivate, RefuseDomain, MaxUrls, Canary, Verbose,
        };
        command.SetAction((parsed, cancellationToken) => new RunJob(Read(parsed), Console.Error).RunAsync(cancellationToken));
        return command;
    }

    /// <summary>The options by which any command finds the state of a run and what it worked with.</summary>
    public static IReadOnlyList<Option> HostOptions => [Out, State, Api, StorageUrl, Compress, Listen, CallbackBase, Content, Faults, MaxUrls, Verbose];

    /// <summary>The options by which any command finds the state of a run.</summary>
    public static IReadOnlyList<Option> StateOptions => [Out, State];

    /// <summary>The folder of a run's state.</summary>
    public static string StateFolder(ParseResult parsed) => Path.GetFullPath(parsed.GetValue(State) ?? Path.Combine(parsed.GetValue(Out) ?? DefaultOut, ".pipeline"));

    /// <summary>What the arguments and the environment say; a command has some of the options only.</summary>
    public static RunSettings Read(ParseResult parsed)
    {
        var key = Environment.GetEnvironmentVariable("NIMBLE_API_KEY");
        var api = Address(parsed, Api) ?? (string.IsNullOrEmpty(key) ? null : new Uri(NimbleApi));
        if (api is not null && string.IsNullOrEmpty(key) && !api.IsLoopback)
            throw PipelineException.Permanent(FailureReasons.InvalidConfiguration, $"The API at {api} needs a key. Set NIMBLE_API_KEY.");
        var folder = Path.GetFullPath(parsed.GetValue(Out) ?? DefaultOut);
        return new()
        {
            Lists = parsed.GetValue(Lists) ?? [],
            Out = folder,
            State = StateFolder(parsed),
            Api = api,
            ApiKey = string.IsNullOrEmpty(key) ? "local" : key,
            StorageUrl = parsed.GetValue(StorageUrl),
            Compress = parsed.GetValue(Compress),
            Listen = Address(parsed, Listen),
            CallbackBase = Address(parsed, CallbackBase),
            SharedInputs = parsed.GetValue(Shared) is { Length: > 0 } pairs ? SharedInputs.FromPairs(pairs) : null,
            UrlColumn = parsed.GetValue(UrlColumn),
            Strict = parsed.GetValue(Strict),
            Content = parsed.GetValue(Content),
            Faults = parsed.GetValue(Faults),
            Azure = AzureStorageOptions.FromEnvironment(),
            AllowPrivate = parsed.GetValue(AllowPrivate),
            RefusedDomains = parsed.GetValue(RefuseDomain) ?? [],
            MaxUrls = parsed.GetValue(MaxUrls),
            Canary = parsed.GetValue(Canary),
            Stores = ObjectStoreOptions.FromEnvironment(),
            Verbose = parsed.GetValue(Verbose),
        };
    }

    /// <summary>An option that is an http(s) address; null where it is not given.</summary>
    /// <exception cref="PipelineException">Permanent: it is none.</exception>
    internal static Uri? Address(ParseResult parsed, Option<string?> option)
    {
        if (parsed.GetValue(option) is not { } text)
            return null;
        return Uri.TryCreate(text, UriKind.Absolute, out var address) && (address.Scheme is "http" or "https")
            ? address
            : throw PipelineException.Permanent(FailureReasons.InvalidConfiguration, $"{option.Name} '{text}' is not an address such as http://127.0.0.1:5005.");
    }
}

using System.CommandLine;

namespace Pipeline.Cli.Settings;

/// <summary>
/// The options that commands share. An option that is a setting too is read as text: <see cref="SettingOptions"/> names
/// the setting, and the binding of the settings reads and checks the text.
/// </summary>
internal static class RunOptions
{
    public const string DefaultOut = "pipeline-out";

    public static readonly Option<string?> Out = new("--out")
    {
        Description = $"Folder for records.ndjson, failures.ndjson and manifest.json. Default: {DefaultOut}.",
        HelpName = "DIR",
    };

    public static readonly Option<string?> State = new("--state")
    {
        Description =
            "Folder for resumable state; rerun the same command to continue. Default: .pipeline inside --out.",
        HelpName = "DIR",
    };

    /// <summary><see cref="Out"/> for a command that writes no results.</summary>
    public static readonly Option<string?> OutOfRun = new("--out")
    {
        Description = $"Folder of the run or server; only its state is used here. Default: {DefaultOut}.",
        HelpName = "DIR",
    };

    /// <summary><see cref="State"/> for a command that writes no results.</summary>
    public static readonly Option<string?> StateOfRun = new("--state")
    {
        Description = "Folder of that run's state. Default: .pipeline inside --out.",
        HelpName = "DIR",
    };

    public static readonly Option<string?> Api = new("--api")
    {
        Description = "Root of the API. Default: Nimble if NIMBLE_API_KEY is set, else a built-in emulator.",
        HelpName = "URL",
    };

    public static readonly Option<string?> StorageUrl = new("--storage-url")
    {
        Description =
            "Bucket for results: s3://bucket/prefix/ or gs://bucket/prefix/. Default: read results from the API.",
        HelpName = "URL",
    };

    public static readonly Option<bool> Compress = new("--compress")
    {
        Description = "Ask Nimble to gzip the results.",
    };

    public static readonly Option<string?> Listen = new("--listen")
    {
        Description =
            "Address for callbacks and the dashboard. Default: that of the last run, else a free local port.",
        HelpName = "URL",
    };

    public static readonly Option<string?> CallbackBase = new("--callback-base")
    {
        Description = "Public address that Nimble calls; kept for later runs. "
            + "Default: --listen if the API is on this machine, else results are polled.",
        HelpName = "URL",
    };

    public static readonly Option<string[]> Shared = new("--shared")
    {
        Description = "Extraction option for all URLs, such as country=US. Repeatable.", HelpName = "k=v",
        DefaultValueFactory = _ => [],
    };

    public static readonly Option<string?> UrlColumn = new("--url-column")
    {
        Description = "Name of the URL column in CSV lists. Default: url.", HelpName = "NAME",
    };

    public static readonly Option<bool> Strict = new("--strict")
    {
        Description = "Refuse a list that has a bad line, instead of failing that line alone.",
    };

    public static readonly Option<string?> Content = new("--content")
    {
        Description = "inline (default): records hold the content. reference: records only say where it is.",
        HelpName = "MODE",
    };

    public static readonly Option<string?> FailStatus = new("--fail-status")
    {
        Description = "HTTP statuses of pages to treat as failures, such as 4xx,503.", HelpName = "LIST",
    };

    public static readonly Option<string?> Faults = new("--faults")
    {
        Description = "Faults of the built-in emulator; 'pipeline emulator --help' lists them.", HelpName = "k=v,...",
    };

    public static readonly Option<bool> AllowPrivate = new("--allow-private")
    {
        Description = "Submit URLs of this machine, of private networks, and with credentials too.",
    };

    public static readonly Option<string[]> RefuseDomain = new("--refuse-domain")
    {
        Description = "Do not submit URLs of this domain and its subdomains. Repeatable; adds to the settings.",
        HelpName = "DOMAIN",
        DefaultValueFactory = _ => [],
    };

    public static readonly Option<string?> MaxUrls = new("--max-urls")
    {
        Description = "Maximum number of URLs posted per list, retries included. The rest fails.", HelpName = "N",
    };

    public static readonly Option<string?> Canary = new("--canary")
    {
        Description = "Submit the first N inputs of a list alone; submit the rest only if enough of them succeed.",
        HelpName = "N",
    };

    public static readonly Option<bool> Json = new("--json")
    {
        Description = "Print the summary as one JSON object to standard output.",
    };

    public static readonly Option<bool> Quiet = new("--quiet")
    {
        Description = "Show no progress and no summary, only warnings and errors.",
    };

    public static readonly Option<string?> Price = new("--price")
    {
        Description = "Price of one URL, such as 0.0012, for estimated costs.", HelpName = "PRICE",
    };

    public static readonly Option<bool> Verbose = new("--verbose") { Description = "Write the log to standard error." };

    /// <summary>The options that find the state of a run.</summary>
    public static IReadOnlyList<Option> ForState => [OutOfRun, StateOfRun];

    /// <summary>The options of a command that hosts the stages.</summary>
    public static IReadOnlyList<Option> ForHost =>
    [
        Out, State, Api, StorageUrl, Compress, Listen, CallbackBase, Content, FailStatus, RefuseDomain, MaxUrls, Canary,
        Faults, AllowPrivate, Price, Json, Quiet, Verbose,
    ];
}

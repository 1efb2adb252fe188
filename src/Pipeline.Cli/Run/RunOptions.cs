using System.CommandLine;

namespace Pipeline.Cli.Run;

/// <summary>
/// The options that commands share. Those whose values are settings too are read as text: <see cref="SettingOptions"/>
/// says which setting each one is, and the one binding of the settings reads and checks it.
/// </summary>
internal static class RunOptions
{
    public const string DefaultOut = "pipeline-out";

    public static readonly Option<string?> Out = new("--out")
    {
        Description = $"Folder of records.ndjson, failures.ndjson and manifest.json. Default: {DefaultOut}.", HelpName = "DIR",
    };

    public static readonly Option<string?> State = new("--state")
    {
        Description = "Folder for resumable state; rerun the same command to continue. Default: .pipeline inside --out.",
        HelpName = "DIR",
    };

    public static readonly Option<string?> Api = new("--api")
    {
        Description = "Root of the API. Default: Nimble if NIMBLE_API_KEY is set, else an emulator in this process.", HelpName = "URL",
    };

    public static readonly Option<string?> StorageUrl = new("--storage-url")
    {
        Description = "s3://bucket/prefix/ or gs://bucket/prefix/ for results. Default: results are read from the API.",
        HelpName = "URL",
    };

    public static readonly Option<bool> Compress = new("--compress") { Description = "Ask Nimble to gzip the results." };

    public static readonly Option<string?> Listen = new("--listen")
    {
        Description = "Where to serve callbacks and the status page. Default: the last run's, else a free local port.",
        HelpName = "URL",
    };

    public static readonly Option<string?> CallbackBase = new("--callback-base")
    {
        Description = "Address that Nimble calls. Default: --listen if the API is on this machine, else results are polled.",
        HelpName = "URL",
    };

    public static readonly Option<string[]> Shared = new("--shared")
    {
        Description = "Extraction option for every URL, such as country=US. Repeatable.", HelpName = "k=v",
        DefaultValueFactory = _ => [],
    };

    public static readonly Option<string?> UrlColumn = new("--url-column")
    {
        Description = "The column of URLs in CSV lists. Default: url.", HelpName = "NAME",
    };

    public static readonly Option<bool> Strict = new("--strict")
    {
        Description = "Refuse a list with any bad line instead of failing those lines.",
    };

    public static readonly Option<string?> Content = new("--content")
    {
        Description = "inline: records carry the content. reference: records say where it is.", HelpName = "MODE",
    };

    public static readonly Option<string?> FailStatus = new("--fail-status")
    {
        Description = "Page statuses that are failures and not records, such as 4xx,503.", HelpName = "LIST",
    };

    public static readonly Option<string?> Faults = new("--faults")
    {
        Description = "Faults of the emulator in this process; 'pipeline emulator --help' lists them.", HelpName = "k=v,...",
    };

    public static readonly Option<bool> AllowPrivate = new("--allow-private")
    {
        Description = "Submit URLs with credentials, of this machine and of private networks too.",
    };

    public static readonly Option<string[]> RefuseDomain = new("--refuse-domain")
    {
        Description = "Do not submit URLs of this domain and its subdomains. Adds to the settings. Repeatable.", HelpName = "DOMAIN",
        DefaultValueFactory = _ => [],
    };

    public static readonly Option<string?> MaxUrls = new("--max-urls")
    {
        Description = "Most URLs posted per list, retries included; the rest ends as failures.", HelpName = "N",
    };

    public static readonly Option<string?> Canary = new("--canary")
    {
        Description = "Submit the first N inputs of a list alone, and the rest only if enough of them succeed.", HelpName = "N",
    };

    public static readonly Option<bool> Json = new("--json") { Description = "Print the summary as one JSON object to standard output." };
    public static readonly Option<bool> Verbose = new("--verbose") { Description = "Write the log to standard error." };

    /// <summary>What finds the state of a run.</summary>
    public static IReadOnlyList<Option> ForState => [Out, State];

    /// <summary>What a command needs that hosts the stages.</summary>
    public static IReadOnlyList<Option> ForHost =>
    [
        Out, State, Api, StorageUrl, Compress, Listen, CallbackBase, Content, FailStatus, RefuseDomain, MaxUrls, Canary,
        Faults, AllowPrivate, Json, Verbose,
    ];
}

using Microsoft.Extensions.Configuration;
using Pipeline.Hosting;
using Pipeline.Ports;
using Pipeline.Stores.Azure;
using Pipeline.Stores.Objects;

namespace Pipeline.Cli.Run;

/// <summary>What <c>pipeline run</c> was asked for, with the environment's part filled in.</summary>
internal sealed record RunSettings
{
    /// <summary>Files, <c>-</c> for standard input, or URLs; none for the sample site.</summary>
    public required IReadOnlyList<string> Lists { get; init; }

    /// <summary>Where records, failures and manifest go.</summary>
    public required string Out { get; init; }

    /// <summary>Where the run keeps what it needs to go on after a kill.</summary>
    public required string State { get; init; }

    /// <summary>The API; null starts the emulator in this process.</summary>
    public Uri? Api { get; init; }

    /// <summary>The API's key.</summary>
    public required string ApiKey { get; init; }

    /// <summary>Where results are delivered; null reads them from the API.</summary>
    public string? StorageUrl { get; init; }

    /// <summary>Whether objects are gzipped.</summary>
    public bool Compress { get; init; }

    /// <summary>Where callbacks are served; null for a free loopback port.</summary>
    public Uri? Listen { get; init; }

    /// <summary>What Nimble is told to call; null for the default.</summary>
    public Uri? CallbackBase { get; init; }

    /// <summary>Extraction options for every input, a JSON object; null for none.</summary>
    public string? SharedInputs { get; init; }

    /// <summary>The column of URLs in CSV lists; null for <c>url</c>.</summary>
    public string? UrlColumn { get; init; }

    /// <summary>Refuse a list with any bad line.</summary>
    public bool Strict { get; init; }

    /// <summary>What a record carries.</summary>
    public ContentMode Content { get; init; }

    /// <summary>Faults for the emulator in this process.</summary>
    public string? Faults { get; init; }

    /// <summary>Whether URLs with credentials, of this machine and of private networks are submitted too, and fetched by the emulator in this process.</summary>
    public bool AllowPrivate { get; init; }

    /// <summary>Domains whose URLs are not submitted.</summary>
    public IReadOnlyList<string> RefusedDomains { get; init; } = [];

    /// <summary>URLs posted for each list at the most; null for no limit.</summary>
    public long? MaxUrls { get; init; }

    /// <summary>How many first inputs of a list are submitted alone; null for none.</summary>
    public int? Canary { get; init; }

    /// <summary>Write the log to standard error.</summary>
    public bool Verbose { get; init; }

    /// <summary>The storage account that holds queues, ledger and records; null for SQLite and files.</summary>
    public AzureStorageOptions? Azure { get; init; }

    /// <summary>Where queues and ledger are, for people.</summary>
    public string StoreName => Azure?.ToString() ?? State;

    /// <summary>Where lists are kept for Intake, and the only place a list may point to.</summary>
    public ObjectUri ListFolder => Azure is null ? ObjectUri.ForFile(Path.Combine(State, Folders.ListsFolder)).AsPrefix() : new("azblob", AzureNames.ListsContainer, "");

    /// <summary>Where S3 and GCS are.</summary>
    public required ObjectStoreOptions Stores { get; init; }

    /// <summary>Whether a store was named that is not the emulator's own: its variables are set, and so is <see cref="StorageUrl"/>.</summary>
    public bool StoresAreOutside => StorageUrl is not null
        && (StorageUrl.StartsWith("gs:", StringComparison.OrdinalIgnoreCase) ? Stores.GcsEndpoint is not null : Stores.S3Endpoint is not null || Stores.S3AccessKey is not null);

    /// <summary>Settings of <see cref="PipelineOptions"/> below the key <c>Pipeline</c>, and of <see cref="LocalRunnerOptions"/> below <c>Runner</c>; the environment's by default.</summary>
    public IConfiguration Tuning { get; init; } = new ConfigurationBuilder().AddEnvironmentVariables().Build();

    /// <summary>Whether the emulator runs in this process.</summary>
    public bool IsEmbedded => Api is null;

    /// <summary>Fills in what the arguments and the environment say, for what takes no webhooks.</summary>
    public void ApplyWithoutCallbacks(PipelineOptions options)
    {
        Apply(options);
        options.Delivery.CallbackBase = null;
        Tuning.GetSection("Pipeline").Bind(options);
    }

    /// <summary>Fills in what the arguments say; where the emulator listens, and the folders, are the host's to add.</summary>
    public void Apply(PipelineOptions options)
    {
        options.Nimble.ApiKey = ApiKey;
        if (Api is not null)
            options.Nimble.BaseUrl = Api;
        options.Delivery.StorageUrl = StorageUrl;
        options.Delivery.Compress = Compress;
        options.Delivery.CallbackBase = CallbackBase;
        options.Intake.Strict = Strict;
        options.Intake.AllowPrivate = AllowPrivate;
        options.Collect.Content = Content;
        options.Guards.MaxUrlsPerList = MaxUrls;
        options.Guards.Canary = Canary ?? 0;
        foreach (var domain in RefusedDomains)
            options.Guards.RefusedDomains.Add(domain);
    }
}

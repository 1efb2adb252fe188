using Pipeline.Cli.Stores;
using Pipeline.Model.Series;
using Pipeline.Options;
using Pipeline.Settings;
using Pipeline.Stores;
using Pipeline.Stores.Azure;

namespace Pipeline.Cli.Settings;

/// <summary>The options and settings of a command, as <see cref="SettingsReader"/> reads them.</summary>
internal sealed record RunSettings
{
    // Emulators accept any key, but a header cannot be empty.
    private const string KeyOfEmulators = "local";

    /// <summary>Files, <c>-</c> for standard input, or URLs. Empty for the sample site.</summary>
    public IReadOnlyList<string> Lists { get; init; } = [];

    /// <summary>The folder of records, failures and manifest.</summary>
    public required string Out { get; init; }

    /// <summary>Whether the user chose <see cref="Out"/>; not if only the state was named.</summary>
    public bool IsOutNamed { get; init; } = true;

    /// <summary>The folder of the state that lets a run continue after a kill.</summary>
    public required string State { get; init; }

    /// <summary>The options that make another command use the same state, with a blank before each.</summary>
    public string StateArguments { get; init; } = "";

    /// <summary>The settings given by options and environment.</summary>
    public required GivenSettings Given { get; init; }

    /// <summary>Where S3 and GCS are.</summary>
    public required ObjectStoreOptions Stores { get; init; }

    /// <summary>The storage account of queues, ledger and records; null for SQLite and files.</summary>
    public AzureStorageOptions? Azure { get; init; }

    /// <summary>The address of callbacks; null for that of the last run, else a free local port.</summary>
    public Uri? Listen { get; init; }

    /// <summary>Extraction options for all inputs as a JSON object; null for none.</summary>
    public string? SharedInputs { get; init; }

    /// <summary>The URL column of CSV lists; null for <c>url</c>.</summary>
    public string? UrlColumn { get; init; }

    /// <summary>What the command says about the series of the lists.</summary>
    public SeriesFields Series { get; init; }

    /// <summary>The id of the list; null to derive it.</summary>
    public string? ListId { get; init; }

    /// <summary>Whether lists that are complete are fetched once more.</summary>
    public bool Again { get; init; }

    /// <summary>Faults of the emulator in this process.</summary>
    public string? Faults { get; init; }

    /// <summary>Whether to write the log to standard error.</summary>
    public bool Verbose { get; init; }

    /// <summary>Whether to print the summary as JSON to standard output.</summary>
    public bool Json { get; init; }

    /// <summary>Whether to show no progress and no summary.</summary>
    public bool Quiet { get; init; }

    /// <summary>Whether a key for the API was given.</summary>
    public bool HasKey => Given.Find(GivenSettings.KeyPath) is not null;

    /// <summary>The API; null starts the emulator in this process.</summary>
    public Uri? Api => HasKey || Given.Find(SettingsCatalog.ApiPath) is not null ? Bind().Nimble.BaseUrl : null;

    /// <summary>Whether the emulator runs in this process.</summary>
    public bool IsEmbedded => Api is null;

    /// <summary>The bucket of results; null if they are read from the API.</summary>
    public string? StorageUrl => Bind().Delivery.StorageUrl;

    /// <summary>
    /// Whether URLs of this machine, of private networks and with credentials are submitted too, and fetched by the
    /// emulator in this process.
    /// </summary>
    public bool AllowPrivate => Bind().Intake.AllowPrivate;

    /// <summary>Whether the results go to a store outside the emulator: its variables and the URL are set.</summary>
    public bool StoresAreOutside => StorageUrl is { } url
        && (url.StartsWith("gs:", StringComparison.OrdinalIgnoreCase)
            ? Stores.GcsEndpoint is not null
            : Stores.S3Endpoint is not null || Stores.S3AccessKey is not null);

    /// <summary>Where queues, ledger and lists are.</summary>
    public WorkStore WorkStore => WorkStore.Of(this);

    /// <summary>Returns the given settings over the defaults.</summary>
    public PipelineOptions Bind()
    {
        var options = new PipelineOptions();
        Apply(options);
        return options;
    }

    /// <summary>Applies the given settings over those that the host has set.</summary>
    public void Apply(PipelineOptions options)
    {
        SettingBinder.Bind(Given, options);
        if (options.Nimble.ApiKey.Length == 0)
            options.Nimble.ApiKey = KeyOfEmulators;
    }

    /// <summary>The same for code that receives no webhooks.</summary>
    public void ApplyWithoutCallbacks(PipelineOptions options)
    {
        Apply(options);
        options.Delivery.CallbackBase = null;
    }
}

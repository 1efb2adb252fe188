using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Settings;
using Pipeline.Stores;
using Pipeline.Stores.Azure;

namespace Pipeline.Cli.Run;

/// <summary>What a command was asked for, by its options and the environment. <see cref="SettingsReader"/> reads it.</summary>
internal sealed record RunSettings
{
    // Emulators take any key, and a header cannot be empty.
    private const string KeyOfEmulators = "local";

    /// <summary>Files, <c>-</c> for standard input, or URLs; none for the sample site.</summary>
    public IReadOnlyList<string> Lists { get; init; } = [];

    /// <summary>Where records, failures and manifest go.</summary>
    public required string Out { get; init; }

    /// <summary>Where the run keeps what it needs to continue after a kill.</summary>
    public required string State { get; init; }

    /// <summary>The options by which another command finds the same state, with a blank before each.</summary>
    public string StateArguments { get; init; } = "";

    /// <summary>The settings that options and environment give.</summary>
    public required GivenSettings Given { get; init; }

    /// <summary>Where S3 and GCS are.</summary>
    public required ObjectStoreOptions Stores { get; init; }

    /// <summary>The storage account that holds queues, ledger and records; null for SQLite and files.</summary>
    public AzureStorageOptions? Azure { get; init; }

    /// <summary>Where callbacks are served; null for the address of the last run, else a free local port.</summary>
    public Uri? Listen { get; init; }

    /// <summary>Extraction options for every input, a JSON object; null for none.</summary>
    public string? SharedInputs { get; init; }

    /// <summary>The column of URLs in CSV lists; null for <c>url</c>.</summary>
    public string? UrlColumn { get; init; }

    /// <summary>Faults for the emulator in this process.</summary>
    public string? Faults { get; init; }

    /// <summary>Write the log to standard error.</summary>
    public bool Verbose { get; init; }

    /// <summary>Print the summary as JSON to standard output.</summary>
    public bool Json { get; init; }

    /// <summary>Whether somebody gave a key for the API.</summary>
    public bool HasKey => Given.Find(GivenSettings.KeyPath) is not null;

    /// <summary>The API; null starts the emulator in this process.</summary>
    public Uri? Api => HasKey || Given.Find(SettingsCatalog.ApiPath) is not null ? Bind().Nimble.BaseUrl : null;

    /// <summary>Whether the emulator runs in this process.</summary>
    public bool IsEmbedded => Api is null;

    /// <summary>Where results are delivered; null reads them from the API.</summary>
    public string? StorageUrl => Bind().Delivery.StorageUrl;

    /// <summary>
    /// Whether URLs with credentials, of this machine and of private networks are submitted too, and fetched by the
    /// emulator in this process.
    /// </summary>
    public bool AllowPrivate => Bind().Intake.AllowPrivate;

    /// <summary>Whether a store was named that is not the emulator's own: its variables are set, and so is the URL.</summary>
    public bool StoresAreOutside => StorageUrl is { } url
        && (url.StartsWith("gs:", StringComparison.OrdinalIgnoreCase)
            ? Stores.GcsEndpoint is not null
            : Stores.S3Endpoint is not null || Stores.S3AccessKey is not null);

    /// <summary>Where queues, ledger and lists are.</summary>
    public WorkStore WorkStore => WorkStore.Of(this);

    /// <summary>The settings as they are given, over their defaults.</summary>
    public PipelineOptions Bind()
    {
        var options = new PipelineOptions();
        Apply(options);
        return options;
    }

    /// <summary>Puts what is given over what the host has filled in.</summary>
    public void Apply(PipelineOptions options)
    {
        SettingBinder.Bind(Given, options);
        if (options.Nimble.ApiKey.Length == 0)
            options.Nimble.ApiKey = KeyOfEmulators;
    }

    /// <summary>The same for what takes no webhooks.</summary>
    public void ApplyWithoutCallbacks(PipelineOptions options)
    {
        Apply(options);
        options.Delivery.CallbackBase = null;
    }
}

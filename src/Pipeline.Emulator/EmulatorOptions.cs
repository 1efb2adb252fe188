namespace Pipeline.Emulator;

/// <summary>Where the emulator delivers the objects that tasks ask for.</summary>
public enum StorageMode
{
    /// <summary>
    /// Outside for a kind of storage whose variables are set (S3: <c>AWS_ENDPOINT_URL_S3</c>, <c>AWS_ACCESS_KEY_ID</c>, <c>AWS_PROFILE</c>;
    /// GCS: <c>STORAGE_EMULATOR_HOST</c>, <c>GOOGLE_APPLICATION_CREDENTIALS</c>), the emulator's own buckets otherwise.
    /// </summary>
    Auto,

    /// <summary>The emulator's own buckets, whatever the variables say.</summary>
    Own,

    /// <summary>Outside, with the clouds' own variables and credentials.</summary>
    Outside,
}

/// <summary>How an emulator is started.</summary>
public sealed record EmulatorOptions
{
    /// <summary>The folder that keeps tasks, results and objects across restarts. Made when missing; one emulator at a time.</summary>
    public required string DataFolder { get; init; }

    /// <summary>Where to listen: <c>http</c>, an IP address or <c>localhost</c>; port 0 takes a free one.</summary>
    public Uri Address { get; init; } = new("http://127.0.0.1:0");

    /// <summary>The one key that is accepted; null accepts any that is not empty.</summary>
    public string? ApiKey { get; init; }

    /// <summary>The faults to inject, in the grammar of <c>--help</c>; empty for none. They can be changed later.</summary>
    public string Faults { get; init; } = "";

    /// <summary>Where objects go.</summary>
    public StorageMode Storage { get; init; } = StorageMode.Auto;

    /// <summary>Fetches pages from this machine and private networks too. The sample site is always served.</summary>
    public bool AllowPrivate { get; init; }

    /// <summary>How many tasks are worked on at once.</summary>
    public int Workers { get; init; } = 64;

    /// <summary>The length in bytes of a generated page that stands for every page, so that nothing is fetched; null fetches really.</summary>
    public int? CannedBytes { get; init; }

    /// <summary>The wait before a callback's second try; it doubles before the third and last.</summary>
    public TimeSpan CallbackBackoff { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long one callback may take.</summary>
    public TimeSpan CallbackTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Writes warnings and errors to standard error; an emulator inside another program says nothing.</summary>
    public bool Log { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

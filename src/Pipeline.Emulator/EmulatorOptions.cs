namespace Pipeline.Emulator;

/// <summary>Where the emulator delivers the objects that tasks ask for.</summary>
public enum StorageMode
{
    /// <summary>
    /// S3 and GCS objects each go to their cloud if its environment variables are set (S3: <c>AWS_ENDPOINT_URL_S3</c>,
    /// <c>AWS_ACCESS_KEY_ID</c>, <c>AWS_PROFILE</c>; GCS: <c>STORAGE_EMULATOR_HOST</c>,
    /// <c>GOOGLE_APPLICATION_CREDENTIALS</c>), else to the emulator's own buckets.
    /// </summary>
    Auto,

    /// <summary>Always the emulator's own buckets.</summary>
    Own,

    /// <summary>Always the cloud, with its own environment variables and credentials.</summary>
    Outside,
}

/// <summary>Options of an emulator.</summary>
public sealed record EmulatorOptions
{
    /// <summary>
    /// The folder that keeps tasks, results and objects across restarts. Created when missing. Only one emulator may
    /// use it at a time.
    /// </summary>
    public required string DataFolder { get; init; }

    /// <summary>
    /// Where to listen: an <c>http</c> URL with an IP address or <c>localhost</c>. Port 0 takes a free port.
    /// </summary>
    public Uri Address { get; init; } = new("http://127.0.0.1:0");

    /// <summary>The only API key that is accepted; null accepts any key that is not empty.</summary>
    public string? ApiKey { get; init; }

    /// <summary>
    /// The faults to inject, as <c>--help</c> describes them; empty for none. They can be changed while the emulator
    /// runs.
    /// </summary>
    public string Faults { get; init; } = "";

    /// <summary>Where objects are delivered.</summary>
    public StorageMode Storage { get; init; } = StorageMode.Auto;

    /// <summary>
    /// Also fetches pages from this machine and private networks. The sample site can always be fetched.
    /// </summary>
    public bool AllowPrivate { get; init; }

    /// <summary>Maximum number of tasks that run at once.</summary>
    public int Workers { get; init; } = 64;

    /// <summary>
    /// The length of the generated page, in bytes, that replaces every page, so that nothing is fetched; null: fetch
    /// pages.
    /// </summary>
    public int? CannedBytes { get; init; }

    /// <summary>
    /// The wait before the second attempt of a callback; it doubles before the third, which is the last.
    /// </summary>
    public TimeSpan CallbackBackoff { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long one attempt of a callback may take.</summary>
    public TimeSpan CallbackTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Whether warnings and errors are logged to standard error. Off for an emulator inside another program.
    /// </summary>
    public bool Log { get; init; }

    /// <summary>
    /// The file for recording a session: every request is passed on to <see cref="Upstream"/> and recorded, without
    /// keys and tokens. The file must not exist. Null: emulate the API.
    /// </summary>
    public string? RecordFile { get; init; }

    /// <summary>The root of the API whose answers are recorded, without the version.</summary>
    public Uri? Upstream { get; init; }

    /// <summary>
    /// The address at which the upstream reaches this recorder, to keep webhooks; null if it is on this machine.
    /// </summary>
    public Uri? CallbackBase { get; init; }

    /// <summary>The recording to replay; null: emulate the API.</summary>
    public string? ReplayFile { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

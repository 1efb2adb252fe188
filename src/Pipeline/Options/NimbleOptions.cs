using System.ComponentModel;

namespace Pipeline.Options;

/// <summary>Settings of the Nimble API.</summary>
public sealed class NimbleOptions : ISettings
{
    /// <summary>The API key. Never logged.</summary>
    [PasswordPropertyText(true)]
    public string ApiKey { get; set; } = "";

    /// <summary>Root of the API without the version. A version at its end moves to <see cref="Version"/>.</summary>
    public Uri BaseUrl { get; set; } = new("https://sdk.nimbleway.com");

    /// <summary>
    /// Version prefix of every path: <c>v1</c> (the documentation) or <c>v2</c> (the newest SDK). Both use the same
    /// shapes.
    /// </summary>
    public string Version { get; set; } = "v1";

    /// <summary>
    /// Requests per second of all processes over one ledger together. The default is the lower of the two documented
    /// limits.
    /// </summary>
    [Range<double>("0.1", "10000")]
    public double RequestsPerSecond { get; set; } = 10;

    /// <summary>Time limit of one request. The default is that of the vendor's SDK.</summary>
    [Range<TimeSpan>("00:00:00.1", "01:00:00")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(180);

    /// <summary>How long submission pauses after a 401, 402 or 403, unless Nimble names a time.</summary>
    [Range<TimeSpan>("00:00:00.1", "1.00:00:00")]
    public TimeSpan RefusedPause { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Total time a submission waits while Nimble answers 401, 402 or 403, before its inputs fail.
    /// </summary>
    [Range<TimeSpan>("00:00:00.1", "30.00:00:00")]
    public TimeSpan RefusedWindow { get; set; } = TimeSpan.FromDays(1);

    /// <summary>Price of one URL, for cost estimates and cost budgets. Null: cost is not counted.</summary>
    [Range<decimal>("0", "1000000")]
    public decimal? PricePerUrl { get; set; }

    /// <summary>Whether the API is the emulator in this process. The host sets it, not the user.</summary>
    internal bool IsEmulator { get; set; }

    /// <summary>The API's name in the manifest: its address, or <c>emulator</c>.</summary>
    internal string Name => IsEmulator ? "emulator" : BaseUrl.AbsoluteUri.TrimEnd('/');
}

/// <summary>Settings of delivery: where Nimble writes results and which address it calls.</summary>
public sealed class DeliveryOptions : ISettings
{
    /// <summary>
    /// <c>s3://bucket/prefix/</c> or <c>gs://bucket/prefix/</c>. Null: results are read from the API.
    /// </summary>
    public string? StorageUrl { get; set; }

    /// <summary>Asks Nimble to gzip the objects.</summary>
    public bool Compress { get; set; }

    /// <summary>Address that Nimble calls, without the path. Null: no webhooks, Sweep polls.</summary>
    public Uri? CallbackBase { get; set; }

    /// <summary>
    /// HMAC keys of callback tokens, each base64 of at least 32 bytes. The first signs and all verify; during a
    /// rotation there are two.
    /// </summary>
    [PasswordPropertyText(true)]
    public IList<string> CallbackKeys { get; } = [];
}

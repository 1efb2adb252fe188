using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace Pipeline.Options;

/// <summary>The Nimble API.</summary>
public sealed class NimbleOptions
{
    /// <summary>The API key. Never logged.</summary>
    [PasswordPropertyText(true)]
    public string ApiKey { get; set; } = "";

    /// <summary>Root of the API, without the version. A version at its end goes to <see cref="Version"/>.</summary>
    public Uri BaseUrl { get; set; } = new("https://sdk.nimbleway.com");

    /// <summary>
    /// Version prefix of every path: <c>v1</c> (the documentation) or <c>v2</c> (the newest SDK). The shapes are
    /// the same.
    /// </summary>
    public string Version { get; set; } = "v1";

    /// <summary>Requests per second of one process; the default is the lower of the two documented limits.</summary>
    [Range(0.1, 10_000)]
    public double RequestsPerSecond { get; set; } = 10;

    /// <summary>Time limit of one request; the default is that of the vendor's SDK.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "01:00:00")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(180);

    /// <summary>How long submission pauses after 402, 401 or 403, unless Nimble names a time.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "1.00:00:00")]
    public TimeSpan RefusedPause { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// How long a submission waits in all while Nimble answers 402, 401 or 403, before its inputs fail.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "30.00:00:00")]
    public TimeSpan RefusedWindow { get; set; } = TimeSpan.FromDays(1);

    /// <summary>Cost of one URL, for estimates and for budgets of cost. Null: cost is not counted.</summary>
    [Range(typeof(decimal), "0", "1000000")]
    public decimal? PricePerUrl { get; set; }

    /// <summary>Whether the API is the emulator in this process. Set by the host, not by the user.</summary>
    internal bool IsEmulator { get; set; }

    /// <summary>What answered, for the manifest: the API's address, or <c>emulator</c>.</summary>
    internal string Name => IsEmulator ? "emulator" : BaseUrl.AbsoluteUri.TrimEnd('/');
}

/// <summary>Delivery.</summary>
public sealed class DeliveryOptions
{
    /// <summary>
    /// <c>s3://bucket/prefix/</c> or <c>gs://bucket/prefix/</c>. Null: results are read from the API.
    /// </summary>
    public string? StorageUrl { get; set; }

    /// <summary>Ask Nimble to gzip the objects.</summary>
    public bool Compress { get; set; }

    /// <summary>What Nimble is told to call, without the path. Null: no webhooks, Sweep polls.</summary>
    public Uri? CallbackBase { get; set; }

    /// <summary>
    /// HMAC keys of callback tokens, base64 of at least 32 bytes each. The first signs and all verify: two during a
    /// rotation.
    /// </summary>
    [PasswordPropertyText(true)]
    public IList<string> CallbackKeys { get; } = [];
}

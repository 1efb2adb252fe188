namespace Pipeline;

/// <summary>What a record carries of the content.</summary>
public enum ContentMode
{
    /// <summary>The content itself.</summary>
    Inline,

    /// <summary>No content, only <c>source</c>: the consumer opens the object.</summary>
    Reference,
}

/// <summary>Every setting of the stages. Hosts fill it; all faults are reported at once, at start.</summary>
public sealed class PipelineOptions
{
    /// <summary>The API.</summary>
    public NimbleOptions Nimble { get; set; } = new();

    /// <summary>Where Nimble delivers and whom it calls.</summary>
    public DeliveryOptions Delivery { get; set; } = new();

    /// <summary>How lists are read.</summary>
    public IntakeOptions Intake { get; set; } = new();

    /// <summary>What becomes of a POST of which nobody knows whether it was accepted.</summary>
    public SubmitOptions Submit { get; set; } = new();

    /// <summary>Which failed inputs are posted again.</summary>
    public RetryOptions Retry { get; set; } = new();

    /// <summary>What is not submitted, and how much is.</summary>
    public GuardOptions Guards { get; set; } = new();

    /// <summary>How many webhooks are taken.</summary>
    public CallbackOptions Callback { get; set; } = new();

    /// <summary>How results are read.</summary>
    public CollectOptions Collect { get; set; } = new();

    /// <summary>When Sweep looks, and when it gives up.</summary>
    public SweepOptions Sweep { get; set; } = new();
}

/// <summary>The Nimble API.</summary>
public sealed class NimbleOptions
{
    /// <summary>The key. Never logged.</summary>
    public string ApiKey { get; set; } = "";

    /// <summary>The root of the API, without the version.</summary>
    public Uri BaseUrl { get; set; } = new("https://sdk.nimbleway.com");

    /// <summary>The version prefix of every path: <c>v1</c> (the documents) or <c>v2</c> (the newest SDK); the shapes are the same.</summary>
    public string Version { get; set; } = "v1";

    /// <summary>Requests per second we allow ourselves; the lower of the two documented limits.</summary>
    public double RequestsPerSecond { get; set; } = 10;

    /// <summary>How long one request may take, as in the vendor's own SDK.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(180);

    /// <summary>How long all submission waits after a refusal for want of budget (402) or for the key (401, 403), unless Nimble names a time.</summary>
    public TimeSpan RefusedPause { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long a submission waits in all while Nimble has no budget (402) or refuses the key (401, 403), before its inputs end as failures.</summary>
    public TimeSpan RefusedWindow { get; set; } = TimeSpan.FromDays(1);

    /// <summary>What one URL costs, for estimates and for budgets of cost; null says nothing about cost.</summary>
    public decimal? PricePerUrl { get; set; }
}

/// <summary>Delivery.</summary>
public sealed class DeliveryOptions
{
    /// <summary><c>s3://bucket/prefix/</c> or <c>gs://bucket/prefix/</c>; null reads results from the API.</summary>
    public string? StorageUrl { get; set; }

    /// <summary>Ask Nimble to gzip the objects.</summary>
    public bool Compress { get; set; }

    /// <summary>What Nimble is told to call, without the path; null for no webhooks (Sweep polls).</summary>
    public Uri? CallbackBase { get; set; }

    /// <summary>The HMAC keys of callback tokens, base64, at least 32 bytes each. The first signs; all verify. Two during a rotation.</summary>
    public IList<string> CallbackKeys { get; } = [];
}

/// <summary>Intake.</summary>
public sealed class IntakeOptions
{
    /// <summary>Inputs per submission; the API takes at most 1,000.</summary>
    public int MaxInputsPerSubmission { get; set; } = 1000;

    /// <summary>Refuse a list with any bad line instead of failing those lines.</summary>
    public bool Strict { get; set; }

    /// <summary>The longest line or item, bytes.</summary>
    public int MaxItemBytes { get; set; } = 64 * 1024;

    /// <summary>How many times its size a gzip list may expand to, once it has given more than 1 MiB; lists of real URLs stay below 50.</summary>
    public int MaxRatio { get; set; } = 200;

    /// <summary>
    /// Submit URLs too that hold a user name or password, or whose host is an address of this machine, a private network or a metadata service; else
    /// they end as <c>domain_refused</c>.
    /// </summary>
    public bool AllowPrivate { get; set; }

    /// <summary>Prefixes under which a list may point to its source; anything else is refused.</summary>
    public IList<string> SourcePrefixes { get; } = [];
}

/// <summary>What is done with a submission when no evidence of it was found.</summary>
public enum UnknownPolicy
{
    /// <summary>Its inputs end as <c>submission_unknown</c>; only an operator posts them again.</summary>
    Hold,

    /// <summary>It is posted again once bucket, webhooks and complete listings of the API have shown nothing of it until after the quarantine.</summary>
    RepostWhenProvenAbsent,
}

/// <summary>Submit.</summary>
public sealed class SubmitOptions
{
    /// <summary>What is done when no evidence was found. To hold is the default, since the API promises nothing about how soon its lists are complete.</summary>
    public UnknownPolicy Unknown { get; set; } = UnknownPolicy.Hold;

    /// <summary>How long after the POST absence proves nothing yet; less than <see cref="SweepOptions.EvidenceWindow"/>.</summary>
    public TimeSpan Quarantine { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How often a submission is posted at the most under <see cref="UnknownPolicy.RepostWhenProvenAbsent"/>.</summary>
    public int MaxPosts { get; set; } = 3;

    /// <summary>
    /// How often parts of one submission may be refused for their content while none is accepted, before the rest is given up: then it is no single input that
    /// Nimble refuses.
    /// </summary>
    public int MaxRefusals { get; set; } = 64;
}

/// <summary>Retries of failed inputs. Each is a new task, and each may be billed.</summary>
public sealed class RetryOptions
{
    /// <summary>How often an input is posted at the most, the first time included. 1 posts nothing again by itself.</summary>
    public int MaxAttempts { get; set; } = 1;

    /// <summary>The reasons of failures that are worth another task. Empty for all of <see cref="Possible"/>.</summary>
    public IList<string> Reasons { get; } = [];

    /// <summary>
    /// The reasons that can be: whatever is wrong with the task or its result. A submission that may have been accepted is not among them.
    /// </summary>
    internal static readonly IReadOnlyList<string> Possible =
        [.. FailureRemedies.All.Where(remedy => remedy.Retries).Select(remedy => remedy.Reason)];

    /// <summary>How long after its submission has ended an input is posted again; doubles with each attempt.</summary>
    public TimeSpan Delay { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The budget: where more than this share of a submission's inputs failed, something larger is wrong and none is posted again by itself. 0 to 1.</summary>
    public double MaxShare { get; set; } = 0.5;
}

/// <summary>Guards.</summary>
public sealed class GuardOptions
{
    /// <summary>Domains, such as <c>example.com</c>, whose URLs end as <c>domain_refused</c>, those of their subdomains too. Taken when a list comes in; empty ones are passed over.</summary>
    public IList<string> RefusedDomains { get; } = [];

    /// <summary>URLs posted per list at the most, retries included; the rest ends as <c>budget_exhausted</c>. Null for no limit.</summary>
    public long? MaxUrlsPerList { get; set; }

    /// <summary>The same as cost, at <see cref="NimbleOptions.PricePerUrl"/> each.</summary>
    public decimal? MaxCostPerList { get; set; }

    /// <summary>URLs posted per day, UTC, at the most, by everybody who shares the ledger; the rest waits for the next day. Null for no limit.</summary>
    public long? MaxUrlsPerDay { get; set; }

    /// <summary>The same as cost, at <see cref="NimbleOptions.PricePerUrl"/> each.</summary>
    public decimal? MaxCostPerDay { get; set; }

    /// <summary>So many first inputs of a list are submitted before the rest, which waits for their outcome; 0 submits all at once. Taken when a list comes in.</summary>
    public int Canary { get; set; }

    /// <summary>The share of the canary that must become records; else the rest ends as <c>canary_failed</c>. Above 0, at most 1.</summary>
    public double CanaryShare { get; set; } = 0.8;
}

/// <summary>
/// Callbacks. What is over a limit is answered 429 and lost without harm: Sweep finds what no webhook told. Wrong tokens have a limit of their own, so
/// that they cannot use up that of right ones.
/// </summary>
public sealed class CallbackOptions
{
    /// <summary>Task ids a minute from the webhooks of one submission, and as many at once: thrice one for each of 1,000 tasks.</summary>
    public int MaxPerSubmission { get; set; } = 3000;

    /// <summary>Task ids a second from the webhooks of all submissions, and as many at once, by one process.</summary>
    public int MaxPerSecond { get; set; } = 5000;

    /// <summary>Wrong tokens a second that are logged and answered 401, by one process; more are answered 429.</summary>
    public int MaxWrongPerSecond { get; set; } = 20;
}

/// <summary>What becomes of a result that reports success and whose <c>data</c> is null or empty.</summary>
public enum EmptyResultMode
{
    /// <summary>A failure, <c>empty_result</c>.</summary>
    Fail,

    /// <summary>A record without content.</summary>
    Record,
}

/// <summary>Collect.</summary>
public sealed class CollectOptions
{
    /// <summary>What a record carries.</summary>
    public ContentMode Content { get; set; } = ContentMode.Inline;

    /// <summary>What becomes of a result that reports success and holds nothing.</summary>
    public EmptyResultMode EmptyResults { get; set; } = EmptyResultMode.Fail;

    /// <summary>
    /// HTTP statuses of pages that make them failures, <c>page_status</c>, separated by commas: <c>503</c>, or <c>4xx</c> for
    /// all from 400 to 499. Empty makes every page a record.
    /// </summary>
    public string FailStatuses { get; set; } = "";

    /// <summary>Results read at once for each core of a process, however many messages they come in.</summary>
    public int ConcurrencyPerCore { get; set; } = 16;

    /// <summary>The largest stored object, bytes.</summary>
    public long MaxStoredBytes { get; set; } = 1L << 30;

    /// <summary>The largest result document after decompression, bytes.</summary>
    public long MaxExpandedBytes { get; set; } = 2L << 30;

    /// <summary>The highest expansion of a gzip object once it has given more than 1 MiB; real pages stay below 50.</summary>
    public int MaxRatio { get; set; } = 500;

    /// <summary>The deepest nesting of a result document.</summary>
    public int MaxDepth { get; set; } = 256;

    /// <summary>Bytes of a record held in memory before it spills to a temporary file.</summary>
    public int SpillAt { get; set; } = 4 << 20;

    /// <summary>Bytes of all records under way held in memory; beyond them each has 64 KiB, and the rest of it spills.</summary>
    public long StagingBytes { get; set; } = 16 << 20;

    /// <summary>The folder for spilled records; the system's temporary folder by default.</summary>
    public string SpillFolder { get; set; } = Path.GetTempPath();

    /// <summary>How long a finished task's object may be missing, damaged or unfinished before the API's copy is read instead.</summary>
    public TimeSpan ObjectDeadline { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>The first wait for an object that is not there yet or is damaged; doubles each time.</summary>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Results read at once by this process.</summary>
    internal int Concurrency => ConcurrencyPerCore * Environment.ProcessorCount;
}

/// <summary>Sweep.</summary>
public sealed class SweepOptions
{
    /// <summary>Without webhooks: the first look after a POST; later looks are spaced out up to <see cref="MaxPollInterval"/>.</summary>
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>The longest time between two looks at a submission that brings no news.</summary>
    public TimeSpan MaxPollInterval { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>With webhooks: how long after the POST, and after each look, a submission counts as overdue.</summary>
    public TimeSpan WebhookGrace { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>When a task that is not finished counts as expired: the API drops pending tasks after 24 h.</summary>
    public TimeSpan TaskDeadline { get; set; } = TimeSpan.FromHours(24);

    /// <summary>How long after an unproven POST evidence is looked for before its inputs end as <c>submission_unknown</c>.</summary>
    public TimeSpan EvidenceWindow { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>How often a submission that ended as <c>submission_unknown</c> is looked for after that, until <see cref="TaskDeadline"/>.</summary>
    public TimeSpan LateInterval { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How long after its intent a POST that is still under way is first looked for at the other side, in case its process is gone.</summary>
    public TimeSpan PostingCheck { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a POST that was cut by a crash is left alone before it is called unknown: longer than the POST's own time-out.</summary>
    public TimeSpan PostingLease { get; set; } = TimeSpan.FromSeconds(240);
}

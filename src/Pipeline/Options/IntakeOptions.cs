namespace Pipeline.Options;

/// <summary>Settings of Intake: how lists are read and cut.</summary>
public sealed class IntakeOptions : ISettings
{
    /// <summary>Inputs per submission; the API takes at most 1,000.</summary>
    [Range<int>("1", "1000")]
    public int MaxInputsPerSubmission { get; set; } = 1000;

    /// <summary>Refuses a list that has a bad line, instead of failing that line alone.</summary>
    public bool Strict { get; set; }

    /// <summary>Longest line or item, in bytes.</summary>
    [Range<int>("1", "16777216")]
    public int MaxItemBytes { get; set; } = 64 * 1024;

    /// <summary>
    /// Highest expansion of a gzip list, checked after the first 1 MiB. Lists of real URLs stay below 50.
    /// </summary>
    [Range<int>("1", "1000000")]
    public int MaxRatio { get; set; } = 200;

    /// <summary>
    /// Also submits URLs with a user name or password, and URLs of this machine, of private networks and of metadata
    /// services. Otherwise they fail with <c>domain_refused</c>.
    /// </summary>
    public bool AllowPrivate { get; set; }

    /// <summary>Address prefixes that a message may point to for its list; any other address is refused.</summary>
    public IList<string> SourcePrefixes { get; } = [];
}

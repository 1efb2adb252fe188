using System.ComponentModel.DataAnnotations;

namespace Pipeline.Options;

/// <summary>Intake.</summary>
public sealed class IntakeOptions
{
    /// <summary>Inputs per submission; the API takes at most 1,000.</summary>
    [Range(1, 1000)]
    public int MaxInputsPerSubmission { get; set; } = 1000;

    /// <summary>Refuse a list with any bad line instead of failing those lines.</summary>
    public bool Strict { get; set; }

    /// <summary>The longest line or item, bytes.</summary>
    [Range(1, 16 << 20)]
    public int MaxItemBytes { get; set; } = 64 * 1024;

    /// <summary>
    /// How many times its size a gzip list may expand to, once it has given more than 1 MiB; lists of real URLs stay
    /// below 50.
    /// </summary>
    [Range(1, 1_000_000)]
    public int MaxRatio { get; set; } = 200;

    /// <summary>
    /// Submit URLs too that hold a user name or password, or whose host is an address of this machine, a private network
    /// or a metadata service; else they end as <c>domain_refused</c>.
    /// </summary>
    public bool AllowPrivate { get; set; }

    /// <summary>Prefixes under which a list may point to its source; any other source is refused.</summary>
    public IList<string> SourcePrefixes { get; } = [];
}

namespace Pipeline.Chaos;

/// <summary>How long after a kill the command was at work again.</summary>
/// <param name="Point">Where it had been killed.</param>
/// <param name="Outcome">From its restart to the next record, failure or manifest on disk; null where it was killed again before.</param>
/// <param name="End">From its restart to the end of the list; null where it was killed again before.</param>
internal sealed record Recovery(string Point, TimeSpan? Outcome, TimeSpan? End);

/// <summary>What came of a trial: what was done to it, and which promises it broke.</summary>
internal sealed record Verdict(TrialPlan Plan)
{
    /// <summary>Where the command was killed: a boundary's name, or what else was done to it.</summary>
    public List<string> Kills { get; } = [];

    public int Freezes { get; set; }

    public int EmulatorKills { get; set; }

    /// <summary>Disk full, Azurite stopped.</summary>
    public int Outages { get; set; }

    public int Forged { get; set; }

    /// <summary>Inputs that the API may have accepted, and that ended as failures for want of proof or of time: by reason.</summary>
    public Dictionary<string, int> GivenUp { get; } = [];

    /// <summary>How long the trial took.</summary>
    public TimeSpan Took { get; set; }

    public int Urls { get; set; }

    public int Records { get; set; }

    public int Failures { get; set; }

    public List<Recovery> Recoveries { get; } = [];

    public List<string> Lost { get; } = [];

    public List<string> Duplicated { get; } = [];

    public List<string> Damaged { get; } = [];

    public List<string> DoublePosted { get; } = [];

    public List<string> Stuck { get; } = [];

    public List<string> LetIn { get; } = [];

    /// <summary>Honest lists that a hostile one slowed down, or cost a record.</summary>
    public List<string> Starved { get; } = [];

    /// <summary>Commands that took more memory than they may.</summary>
    public List<string> Swollen { get; } = [];

    /// <summary>Secrets and terminal controls that got into output.</summary>
    public List<string> Leaked { get; } = [];

    /// <summary>How long the honest list of a hostile trial took alone.</summary>
    public TimeSpan HonestAlone { get; set; }

    /// <summary>How long one like it took beside the hostile list.</summary>
    public TimeSpan HonestBeside { get; set; }

    /// <summary>The most memory that the command of a hostile trial took, bytes.</summary>
    public long PeakBytes { get; set; }

    /// <summary>Where its lists, state and output are left if a promise was broken.</summary>
    public required string Folder { get; init; }

    public bool IsClean => !Broken.Any();

    private IEnumerable<string> Broken => new[] { ("lost", Lost), ("duplicated", Duplicated), ("damaged", Damaged), ("double-posted", DoublePosted), ("stuck", Stuck), ("let in", LetIn), ("starved", Starved), ("swollen", Swollen), ("leaked", Leaked) }
        .SelectMany(b => b.Item2.Take(3).Select(what => $"{b.Item1}: {what}"));

    private string Honest => Plan.Kind != TrialKind.Hostile
        ? ""
        : $", honest {HonestAlone.TotalSeconds:0.0} s alone, {HonestBeside.TotalSeconds:0.0} s beside, {PeakBytes >> 20} MiB";

    /// <summary>One line; more where something broke.</summary>
    public string Describe() =>
        $"{(IsClean ? "ok  " : "FAIL")} seed {Plan.Seed} {Plan.Kind}: {Records} records, {Failures} failures ({GivenUp.Values.Sum()} given up), {Kills.Count} kills{Honest} in {Took.TotalSeconds:0} s: {string.Join(", ", Kills)}; "
        + $"last recovery {Recoveries.LastOrDefault()?.End?.TotalSeconds:0.0} s; faults {Plan.Faults.Text}"
        + string.Concat(Broken.Select(b => "\n     " + b)) + (IsClean ? "" : $"\n     its files are left in {Folder}");
}

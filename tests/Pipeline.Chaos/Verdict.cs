namespace Pipeline.Chaos;

/// <summary>How quickly the command recovered from a kill.</summary>
/// <param name="Point">Where it was killed.</param>
/// <param name="Outcome">
/// Time from the restart to the next record, failure or manifest on disk; null if it was killed before.
/// </param>
/// <param name="End">Time from the restart to the end of the list; null if it was killed before.</param>
internal sealed record Recovery(string Point, TimeSpan? Outcome, TimeSpan? End);

/// <summary>The result of a trial: its interruptions, and the promises that it found broken.</summary>
internal sealed record Verdict(TrialPlan Plan)
{
    /// <summary>The kills of the command: the name of the boundary, or of another kind of interruption.</summary>
    public List<string> Kills { get; } = [];

    public int Freezes { get; set; }

    /// <summary>How often an old backup was restored.</summary>
    public int Restores { get; set; }

    public int EmulatorKills { get; set; }

    /// <summary>Number of outages: the disk was full, or Azurite was stopped.</summary>
    public int Outages { get; set; }

    public int Forged { get; set; }

    /// <summary>
    /// Number of inputs, by reason, that the API may have accepted and that failed without proof or in time.
    /// </summary>
    public Dictionary<string, int> GivenUp { get; } = [];

    /// <summary>Duration of the trial.</summary>
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

    /// <summary>Honest lists that were slow or lost a record because of a hostile one.</summary>
    public List<string> Starved { get; } = [];

    /// <summary>Commands that exceeded the memory limit.</summary>
    public List<string> Swollen { get; } = [];

    /// <summary>Secrets and terminal control sequences found in output.</summary>
    public List<string> Leaked { get; } = [];

    /// <summary>Duration of the honest list of a hostile trial when alone.</summary>
    public TimeSpan HonestAlone { get; set; }

    /// <summary>Duration of the similar list beside the hostile one.</summary>
    public TimeSpan HonestBeside { get; set; }

    /// <summary>Peak memory of the command in a hostile trial, bytes.</summary>
    public long PeakBytes { get; set; }

    /// <summary>Folder of lists, state and output; it is kept if a promise was broken.</summary>
    public required string Folder { get; init; }

    public bool IsClean => !Broken.Any();

    private IEnumerable<string> Broken =>
        new[]
        {
            ("lost", Lost),
            ("duplicated", Duplicated),
            ("damaged", Damaged),
            ("double-posted", DoublePosted),
            ("stuck", Stuck),
            ("let in", LetIn),
            ("starved", Starved),
            ("swollen", Swollen),
            ("leaked", Leaked),
        }
        .SelectMany(b => b.Item2.Take(3).Select(what => $"{b.Item1}: {what}"));

    private string Honest => Plan.Kind != TrialKind.Hostile
        ? ""
        : $", honest {HonestAlone.TotalSeconds:0.0} s alone, {HonestBeside.TotalSeconds:0.0} s "
            + $"beside, {PeakBytes >> 20} MiB";

    /// <summary>Describes the trial in one line, plus one line per broken promise.</summary>
    public string Describe() =>
        $"{(IsClean ? "ok  " : "FAIL")} seed {Plan.Seed} {Plan.Kind}: {Records} records, {Failures} failures "
            + $"({GivenUp.Values.Sum()} given up), {Kills.Count} kills{Honest} in {Took.TotalSeconds:0} s: "
            + $"{string.Join(", ", Kills)}; "
        + $"last recovery {Recoveries.LastOrDefault()?.End?.TotalSeconds:0.0} s; faults {Plan.Faults.Text}"
        + string.Concat(Broken.Select(b => "\n     " + b)) + (IsClean ? "" : $"\n     its files are kept in {Folder}");
}

namespace Pipeline.Chaos;

/// <summary>How long the command took from its restart after an interruption to its end.</summary>
internal sealed record Recovery(string Point, TimeSpan Took);

/// <summary>What came of a trial: what was done to it, and which promises it broke.</summary>
internal sealed record Verdict(TrialPlan Plan)
{
    public int Kills { get; set; }

    public int Freezes { get; set; }

    public int EmulatorKills { get; set; }

    public int Forged { get; set; }

    /// <summary>Forged webhooks that were answered 5xx instead of 401: not let in, but not refused as such either.</summary>
    public int AnsweredByError { get; set; }

    /// <summary>Inputs that ended as a failure although the API has a result for them.</summary>
    public int GivenUp { get; set; }

    public int Records { get; set; }

    public int Failures { get; set; }

    public List<Recovery> Recoveries { get; } = [];

    public List<string> Lost { get; } = [];

    public List<string> Duplicated { get; } = [];

    public List<string> Damaged { get; } = [];

    public List<string> DoublePosted { get; } = [];

    public List<string> Stuck { get; } = [];

    public List<string> LetIn { get; } = [];

    public bool IsClean => !Broken.Any();

    private IEnumerable<string> Broken => new[] { ("lost", Lost), ("duplicated", Duplicated), ("damaged", Damaged), ("double-posted", DoublePosted), ("stuck", Stuck), ("let in", LetIn) }
        .SelectMany(b => b.Item2.Take(3).Select(what => $"{b.Item1}: {what}"));

    /// <summary>One line; more where something broke.</summary>
    public string Describe() =>
        $"{(IsClean ? "ok  " : "FAIL")} seed {Plan.Seed}: {Records} records, {Failures} failures, {Kills} kills at {string.Join(", ", Recoveries.Select(r => r.Point))}; faults {Plan.Faults}"
        + string.Concat(Broken.Select(b => "\n     " + b));
}

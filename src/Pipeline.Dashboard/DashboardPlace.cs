using Pipeline.Model;

namespace Pipeline.Dashboard;

/// <summary>Where the pages are served. Each host says it once.</summary>
internal sealed record DashboardPlace
{
    /// <summary>Path of the overview, with a slash at both ends: <c>/</c>, or <c>/api/dashboard/</c>.</summary>
    public string BasePath { get; init; } = "/";

    /// <summary>
    /// Whether a connection from a loopback address comes from this machine. It does not in the Functions app, whose
    /// host passes every request on.
    /// </summary>
    public bool KnowsCallers { get; init; } = true;

    /// <summary>Whether a connection may stay open for server-sent events; else pages poll.</summary>
    public bool KeepsConnections { get; init; } = true;

    /// <summary>
    /// What commands need to find this pipeline, such as <c> --out results</c>; empty where they find it by themselves.
    /// </summary>
    public string Arguments { get; init; } = "";

    /// <summary>Where lists and records are kept, for people: a folder or a storage account.</summary>
    public string Store { get; init; } = "";

    /// <summary>Where a list is kept until Intake has read it; null where none can be submitted.</summary>
    public ObjectUri? ListFolder { get; init; }

    /// <summary>
    /// The folder of this machine with the files of records, as a word of a command; null in an account, whose files
    /// pages name only.
    /// </summary>
    public string? OutFolder { get; init; }

    /// <summary>Whether pages offer the files of records.</summary>
    public bool KeepsFiles => OutFolder is not null;

    /// <summary>Where the lists of schedules are kept; null where there are no schedules.</summary>
    public ObjectUri? ScheduleFolder { get; init; }
}

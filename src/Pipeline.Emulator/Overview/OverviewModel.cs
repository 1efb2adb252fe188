using Pipeline.Emulator.Api;
using Pipeline.Emulator.Buckets;
using Pipeline.Emulator.Faults;
using Pipeline.Emulator.Store;
using Pipeline.Emulator.Work.Delivery;

namespace Pipeline.Emulator.Overview;

/// <summary>The content of the page. Its size does not depend on the number of tasks.</summary>
internal sealed record OverviewModel
{
    /// <summary>The root of the API as the browser addressed it, without a slash at the end.</summary>
    public required string Address { get; init; }

    /// <summary>When it was read.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>Counts of all work.</summary>
    public required TaskTotals Totals { get; init; }

    /// <summary>Number of tasks that run now; <see cref="Totals"/> counts them as pending.</summary>
    public required int Running { get; init; }

    /// <summary>The newest tasks, with the names that their states have in the API.</summary>
    public required IReadOnlyList<(TaskRow Task, string State)> Tasks { get; init; }

    /// <summary>The newest batches, with how many of their tasks have ended.</summary>
    public required IReadOnlyList<(PostRow Batch, Progress Progress)> Batches { get; init; }

    /// <summary>The newest objects of the emulator's own buckets.</summary>
    public required IReadOnlyList<StoredObject> Objects { get; init; }

    /// <summary>Whether S3 or GCS objects go to a cloud, where the page cannot show them.</summary>
    public required bool DeliversOutside { get; init; }

    /// <summary>The latest webhook calls.</summary>
    public required IReadOnlyList<SentWebhook> Webhooks { get; init; }

    /// <summary>Answers since the start, by kind of request and status.</summary>
    public required IReadOnlyList<RequestCount> Requests { get; init; }

    /// <summary>All faults, grouped by what they affect.</summary>
    public required IReadOnlyList<(string Title, IReadOnlyList<FaultLine> Faults)> Faults { get; init; }

    /// <summary>What was wrong with the submitted form; null for nothing.</summary>
    public string? Problem { get; init; }

    /// <summary>The faults that are on.</summary>
    public IReadOnlyList<FaultLine> Active =>
        [.. Faults.SelectMany(group => group.Faults).Where(fault => fault.Current is not null)];
}

/// <summary>A fault as the page shows it.</summary>
/// <param name="Kind">Its name, meaning and words.</param>
/// <param name="Current">What is configured; null when it is off.</param>
/// <param name="Used">How many of its count have happened.</param>
internal sealed record FaultLine(FaultKind Kind, ConfiguredFault? Current, int Used)
{
    /// <summary>Its configuration in words.</summary>
    public string Setting => Current switch
    {
        null => "off",
        { Chance.Count: { } count } => $"{Current}, {Used} of {count} happened",
        _ => Current.ToString(),
    };

    /// <summary>The initial value in its form.</summary>
    public string Suggested => Current is not null
        ? Kind.Words.Length > 0 ? ChanceOf(Current) : Current.ToString()
        : Kind.Value switch
        {
            FaultValueKind.Chance or FaultValueKind.Word => "always",
            FaultValueKind.Milliseconds => "1000@0.2",
            _ => "1",
        };

    private static string ChanceOf(ConfiguredFault fault) => fault.Chance.ToString();
}

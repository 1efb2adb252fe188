using System.CommandLine;
using Pipeline.Model;
using Pipeline.Model.Series;
using Pipeline.Notation;

namespace Pipeline.Cli.Settings;

/// <summary>The options that say which run of which list a command starts.</summary>
internal static class SeriesSettings
{
    public static readonly Option<string?> Series = new("--series")
    {
        Description = "Series that the lists are runs of. Records then say what changed since the last run.",
        HelpName = "NAME",
    };

    public static readonly Option<bool> OnlyNew = new("--only-new")
    {
        Description = "Leave out URLs that the series already has a record of.",
    };

    public static readonly Option<string?> MaxAge = new("--max-age")
    {
        Description = "The same, unless that record is older than this: 90s, 45m, 12h, 30d, 4w.", HelpName = "AGE",
    };

    public static readonly Option<bool> Again = new("--again")
    {
        Description = "Fetch a list that is complete once more, as another run with an id of its own.",
    };

    public static readonly Option<string?> ListId = new("--list-id")
    {
        Description = "Id of the list instead of one derived from its content. For one LIST.", HelpName = "ID",
    };

    /// <summary>The options.</summary>
    public static IReadOnlyList<Option> All => [Series, OnlyNew, MaxAge, Again, ListId];

    /// <summary>Adds them to settings, and a line for each fault.</summary>
    public static RunSettings Add(RunSettings settings, ParseResult parsed, ICollection<string> faults)
    {
        var fields = new SeriesFields(
            parsed.GetValue(Series), parsed.GetValue(OnlyNew) ? true : null, parsed.GetValue(MaxAge));
        var id = parsed.GetValue(ListId);
        Check(fields, faults);
        if (id is not null && GivenName.FaultOf(id, "an id") is { } fault)
            faults.Add($"{ListId.Name}: {fault}");
        if (id is not null && parsed.GetValue(Again))
            faults.Add($"{Again.Name} gives the run an id. Leave out {Again.Name} or {ListId.Name}.");
        return settings with { Series = fields, ListId = id, Again = parsed.GetValue(Again) };
    }

    // The list itself may name the series that the other options need.
    private static void Check(SeriesFields fields, ICollection<string> faults)
    {
        if (fields.Name is not null && GivenName.FaultOf(fields.Name, "a series") is { } fault)
            faults.Add($"{Series.Name}: {fault}");
        try
        {
            SeriesRequest.Of(fields with { Name = "any" });
        }
        catch (PipelineException problem)
        {
            faults.Add($"{MaxAge.Name}: {problem.Message}");
        }
    }
}

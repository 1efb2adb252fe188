using Cronos;
using Pipeline.Model;
using Pipeline.Notation;

namespace Pipeline.Scheduling;

/// <summary>
/// The times of a cron expression in a time zone. When clocks go forward, a run in the skipped hour comes right after
/// it. When they go back, a run in the repeated hour comes once.
/// </summary>
internal static class CronTimes
{
    private static readonly (string Name, string Takes)[] Fields =
    [
        ("minute", "0 to 59"), ("hour", "0 to 23"), ("day of month", "1 to 31"), ("month", "1 to 12 or JAN to DEC"),
        ("day of week", "0 to 7 or SUN to SAT"),
    ];

    /// <summary>Returns the first time after another; null if there is none.</summary>
    /// <exception cref="PipelineException">Permanent: the expression or the time zone cannot be used.</exception>
    public static DateTimeOffset? Next(string cron, string timeZone, DateTimeOffset after) =>
        Parse(cron).GetNextOccurrence(after, Zone(timeZone))?.ToUniversalTime();

    private static CronExpression Parse(string cron)
    {
        try
        {
            return CronExpression.Parse(cron);
        }
        catch (CronFormatException problem)
        {
            throw PipelineException.Permanent(
                FailureReasons.InvalidConfiguration,
                $"The cron expression is {DisplayText.Quote(cron)}{Fault(cron)}. Write five fields, minute, "
                    + "hour, day of month, month and day of week, such as \"0 6 * * *\" for every day at six.",
                problem);
        }
    }

    /// <summary>
    /// Says which field is wrong, for use after the expression. The library's text is for programmers.
    /// </summary>
    private static string Fault(string cron)
    {
        var given = cron.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        if (given.Length != Fields.Length)
            return given.Length > 1 ? $", which has {given.Length} fields" : "";
        for (var i = 0; i < given.Length; i++)
        {
            var alone = Enumerable.Repeat("*", Fields.Length).ToArray();
            alone[i] = given[i];
            if (!CronExpression.TryParse(string.Join(' ', alone), out _))
                return $": its {Fields[i].Name} is {DisplayText.Quote(given[i])}, and takes {Fields[i].Takes}";
        }
        return "";
    }

    private static TimeZoneInfo Zone(string name)
    {
        if (TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone))
            return zone;
        throw PipelineException.Permanent(
            FailureReasons.InvalidConfiguration,
            $"There is no time zone {DisplayText.Quote(name)} on this machine. Write a name such "
                + "as Europe/Berlin or UTC.");
    }
}

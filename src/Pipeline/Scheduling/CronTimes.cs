using Cronos;
using Pipeline.Model;
using Pipeline.Notation;

namespace Pipeline.Scheduling;

/// <summary>
/// The times of a cron expression in a time zone. When clocks go forward, a run in the hour that is left out comes
/// right after it; when they go back, a run in the hour that comes twice comes once.
/// </summary>
internal static class CronTimes
{
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
                $"The cron expression is {DisplayText.Quote(cron)}: {problem.Message.TrimEnd('.')}. "
                    + "Write five fields, minute, "
                    + "hour, day of month, month and day of week, such as \"0 6 * * *\" for every day at six.",
                problem);
        }
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

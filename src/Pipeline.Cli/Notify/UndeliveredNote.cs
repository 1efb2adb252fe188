using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Pipeline.Cli.Run;
using Pipeline.Cli.Settings;
using Pipeline.Model;
using Pipeline.Notify;
using Pipeline.Options;

namespace Pipeline.Cli.Notify;

/// <summary>Says which notifications are not delivered, for <c>status</c> and at the end of <c>run</c>.</summary>
internal static class UndeliveredNote
{
    /// <summary>Returns lines for people; none if all is delivered.</summary>
    /// <remarks>
    /// A storage account is asked only by those who set the receiver: others may not be allowed to read its queues.
    /// </remarks>
    public static async Task<IReadOnlyList<string>> ReadAsync(
        IServiceProvider services, RunSettings settings, CancellationToken cancellationToken)
    {
        if (settings.WorkStore.IsShared
            && services.GetRequiredService<IOptions<PipelineOptions>>().Value.Notify.Url is null)
            return [];
        var report = await services.GetRequiredService<UndeliveredNotifications>().ReadAsync(cancellationToken);
        return [.. Describe(report, settings)];
    }

    private static IEnumerable<string> Describe(UndeliveredReport report, RunSettings settings)
    {
        if (report.Waiting > 0)
            yield return $"{Amount.Of(report.Waiting, "notification is", "notifications are")} not delivered yet. "
                + $"'{Shell.Command(settings, "serve")}' tries for a day.";
        foreach (var dead in report.Dead)
            yield return $"Notification {dead.Id} was given up after {Amount.Of(dead.Tries, "try", "tries")}: "
                + (dead.Error ?? "no error is known.");
        if (report.Dead.Count > 0)
            yield return $"'{Shell.Command(settings, "notify")}' sends them again.";
    }
}

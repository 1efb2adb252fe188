using Microsoft.Extensions.Options;
using Pipeline.Model;
using Pipeline.Notify;
using Pipeline.Options;

namespace Pipeline.Reports.Notices;

/// <summary>Says how many notifications the receiver has not taken.</summary>
/// <remarks>
/// Queues are asked only where a receiver is set: whoever sets none may not be allowed to read them.
/// </remarks>
internal sealed class UndeliveredNotice(UndeliveredNotifications notifications, IOptions<PipelineOptions> options)
{
    /// <summary>Returns a few sentences for people; null if all is delivered.</summary>
    public async Task<string?> ReadAsync(CancellationToken cancellationToken)
    {
        if (options.Value.Notify.Url is null)
            return null;
        var report = await notifications.ReadAsync(cancellationToken);
        var waiting = report.Waiting == 0
            ? ""
            : $"{Amount.Of(report.Waiting, "notification is", "notifications are")} not delivered yet; each is tried "
                + "for a day. ";
        var dead = report.Dead.Count == 0
            ? ""
            : $"{Amount.Of(report.Dead.Count, "notification was", "notifications were")} given up: "
                + $"{report.Dead[0].Error ?? "no error is known."} To send again: pipeline notify";
        return waiting.Length + dead.Length == 0 ? null : (waiting + dead).TrimEnd();
    }
}

using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.Extensions.Options;
using Pipeline.Http.Retrying;
using Pipeline.Model;
using Pipeline.Options;
using StandardWebhooks;

namespace Pipeline.Notify;

/// <summary>
/// The receiver of notifications, which <c>Notify:Url</c> names. Each POST is signed as in Standard Webhooks, with its
/// own time, so that a receiver can refuse a replay of an old one. Any 2xx is success; the answer's body is not read.
/// </summary>
/// <param name="http">A client from <see cref="ReceiverHttp"/>.</param>
/// <param name="options">Address and secrets.</param>
/// <param name="time">The clock.</param>
internal sealed class Receiver(HttpClient http, IOptions<PipelineOptions> options, TimeProvider time)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    // The tolerance of verifiers of Standard Webhooks.
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(5);

    private readonly Uri? _address = options.Value.Notify.Url is { } url ? new(url.Trim()) : null;
    private readonly IReadOnlyList<StandardWebhook> _signers =
        [.. ReceiverSecrets.Split(options.Value.Notify.Secret).Select(secret => new StandardWebhook(secret))];

    /// <summary>
    /// Scheme, host and port, for people: path and query may be secret. Null if there is no receiver.
    /// </summary>
    public string? Name => _address?.GetLeftPart(UriPartial.Authority);

    /// <summary>POSTs an event.</summary>
    /// <exception cref="PipelineException">
    /// Permanent: there is no receiver, or it wants no more (410). Transient: it did not take the event.
    /// </exception>
    public async Task PostAsync(NotificationMessage message, CancellationToken cancellationToken)
    {
        if (_address is null)
            throw PipelineException.Permanent(
                FailureReasons.InvalidConfiguration,
                "Pipeline__Notify__Url is not set. Set it, then send the notification again.");
        using var limit = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            using var request = Compose(_address, message);
            using var response = await http.SendAsync(
                request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            if (!response.IsSuccessStatusCode)
                throw Refused(response);
        }
        catch (HttpRequestException e) when (e.InnerException is PipelineException refused)
        {
            throw refused;
        }
        catch (Exception e) when (Faults.IsOfConnection(e, cancellationToken))
        {
            var problem = limit.IsCancellationRequested
                ? $"did not answer within {Limit.TotalSeconds:0} s"
                : Faults.Describe(e);
            throw PipelineException.Transient(FailureReasons.Unavailable, $"{Name} {problem}.", inner: e);
        }
    }

    private HttpRequestMessage Compose(Uri address, NotificationMessage message)
    {
        var now = time.GetUtcNow();
        var request = new HttpRequestMessage(HttpMethod.Post, address)
        {
            Content = new ByteArrayContent(Encoding.UTF8.GetBytes(message.Event))
            {
                Headers = { ContentType = new MediaTypeHeaderValue(Events.MediaType, "utf-8") },
            },
        };
        request.Headers.Add("User-Agent", "Pipeline");
        request.Headers.Add("webhook-id", message.Id);
        request.Headers.Add("webhook-timestamp", now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
        request.Headers.Add(
            "webhook-signature",
            string.Join(' ', _signers.Select(signer => signer.Sign(message.Id, now, message.Event))));
        return request;
    }

    private PipelineException Refused(HttpResponseMessage response)
    {
        var status = (int)response.StatusCode;
        if (response.StatusCode == HttpStatusCode.Gone)
            return PipelineException.Permanent(
                FailureReasons.Unavailable, $"{Name} answered 410: it wants no more notifications.");
        var advice = status is >= 300 and < 400
            ? " Redirects are not followed; set Pipeline__Notify__Url to the final address."
            : DescribeClock(response);
        return PipelineException.Transient(
            FailureReasons.Unavailable, $"{Name} answered {status}.{advice}",
            RetryAfter.Read(response, time.GetUtcNow()));
    }

    /// <summary>Mentions a wrong clock, a common cause of refused signatures that neither side's error names.</summary>
    private string DescribeClock(HttpResponseMessage response) =>
        response.Headers.Date is { } date && (date - time.GetUtcNow()).Duration() is var apart && apart > ClockTolerance
            ? $" Its clock and ours are {apart.TotalMinutes:0} minutes apart, so it may think that this is a replay."
            : "";
}

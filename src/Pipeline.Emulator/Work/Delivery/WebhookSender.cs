using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Pipeline.Emulator.Api;
using Pipeline.Emulator.Hostile;
using Pipeline.Emulator.Store;

namespace Pipeline.Emulator.Work.Delivery;

/// <summary>
/// Calls webhooks, with up to three attempts at growing intervals. Each attempt is a job of its own, so a restart loses
/// none.
/// </summary>
internal sealed class WebhookSender(
    HttpClient http, TaskStore store, JobSignals signals, OwnAddress own, EmulatorOptions options, WebhookLog log)
{
    private const int MaxAttempts = 3;

    private static readonly MediaTypeHeaderValue Json = new("application/json");

    public async Task CallAsync(Job job, CancellationToken cancellationToken)
    {
        var (accepted, answer) = await TryCallAsync(job.Task, cancellationToken);
        log.Add(
            new(
                options.Time.GetUtcNow(), job.Task.Id, HiddenToken.AddressOf(job.Task.Delivery.CallbackUrl!),
                job.Attempt, answer, accepted));
        List<NextJob> next = [];
        if (!accepted && job.Attempt < MaxAttempts)
        {
            var wait = options.CallbackBackoff * Math.Pow(2, job.Attempt - 1);
            next.Add(new(JobKind.Call, options.Time.GetUtcNow() + wait, job.Attempt + 1));
        }
        await store.CalledAsync(job, accepted, next);
        if (next.Count > 0)
            signals.Wake(JobKind.Call);
    }

    private async Task<(bool Accepted, string Answer)> TryCallAsync(TaskRow task, CancellationToken cancellationToken)
    {
        using var content = HostileWebhook.Content(
            task, WebhookBody.Write(task, new Uri(own.Value, "v1").AbsoluteUri), options.Time);
        content.Headers.ContentType = Json;
        using var timeout = new CancellationTokenSource(options.CallbackTimeout, options.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            using var request = new HttpRequestMessage(
                HttpMethod.Post, task.Delivery.CallbackUrl) { Content = content };
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, both.Token);
            return (response.IsSuccessStatusCode, ((int)response.StatusCode).ToString(CultureInfo.InvariantCulture));
        }
        // HttpClient lets a bare SocketException through when the connection is reset before it reads the remote
        // address (.NET 10).
        catch (Exception e) when (e is HttpRequestException or SocketException)
        {
            return (false, "no connection");
        }
        catch (OperationCanceledException)
            when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return (false, "no answer in time");
        }
    }
}

using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Pipeline.Dashboard.Acting;
using Pipeline.Dashboard.Api;
using Pipeline.Model;
using Pipeline.Reports;

namespace Pipeline.Dashboard.Pages;

/// <summary>
/// Tells open pages by server-sent events that something has changed; they then ask for what they show. All streams
/// share the paced reads of the overview.
/// </summary>
internal sealed class EventStream(
    OverviewReporter overview, BulkActions actions, IHostApplicationLifetime lifetime, TimeProvider time)
{
    private const int MaxStreams = 50;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(15);

    private int _open;

    /// <summary>Opens a stream; 503 if there are too many.</summary>
    public IResult Open(HttpContext context)
    {
        if (Interlocked.Increment(ref _open) <= MaxStreams)
            return new Stream(this);
        Interlocked.Decrement(ref _open);
        context.Response.Headers.RetryAfter = "10";
        return Results.StatusCode(StatusCodes.Status503ServiceUnavailable);
    }

    private async Task WriteAsync(HttpContext context)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(
            context.RequestAborted, lifetime.ApplicationStopping);
        var response = context.Response;
        response.ContentType = "text/event-stream";
        // Proxies must neither hold the stream back nor change it.
        response.Headers.CacheControl = "no-store, no-transform";
        response.Headers["X-Accel-Buffering"] = "no";
        await SendAsync("retry: 5000\n\n");
        var (known, said) = (await FingerprintAsync(stop.Token), time.GetTimestamp());
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stop.Token))
        {
            var current = await FingerprintAsync(stop.Token);
            if (current == known && time.GetElapsedTime(said) < Silence)
                continue;
            await SendAsync(current == known ? ": still here\n\n" : "event: changed\ndata: \n\n");
            (known, said) = (current, time.GetTimestamp());
        }

        async Task SendAsync(string text)
        {
            await response.WriteAsync(text, stop.Token);
            await response.Body.FlushAsync(stop.Token);
        }
    }

    private async Task<int> FingerprintAsync(CancellationToken cancellationToken)
    {
        var hash = new HashCode();
        hash.Add(actions.Fingerprint());
        try
        {
            var report = await overview.ReportAsync(cancellationToken);
            hash.AddBytes(JsonSerializer.SerializeToUtf8Bytes(report with { At = default }, ApiJson.Default.Overview));
        }
        // That nothing can be read is a change too: pages ask, and are told why.
        catch (PipelineException problem)
        {
            hash.Add(problem.Message, StringComparer.Ordinal);
        }
        return hash.ToHashCode();
    }

    private sealed class Stream(EventStream events) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            try
            {
                await events.WriteAsync(httpContext);
            }
            // The reader has gone, or this process stops.
            catch (Exception end) when (end is OperationCanceledException or IOException)
            {
            }
            finally
            {
                Interlocked.Decrement(ref events._open);
            }
        }
    }
}

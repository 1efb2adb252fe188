using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;

namespace Pipeline.Diagnostics;

/// <summary>The list that work belongs to, and what triggered the work.</summary>
/// <param name="ListId">The list.</param>
/// <param name="SubmissionId">The submission; null for work on the list as a whole.</param>
/// <param name="Sequence">Place of the submission in its list, from 0.</param>
/// <param name="Sender">The W3C trace context in the message; null if it has none.</param>
internal readonly record struct TracedWork(
    string ListId, string? SubmissionId = null, int Sequence = 0, string? Sender = null);

/// <summary>
/// Spans of the stages, the activity source <c>Pipeline</c>. A list is one trace, whose id derives from the list's id:
/// each stage knows it, in each process and after any crash, and no caller can choose it. A message carries its
/// sender's context. If that belongs to the list's trace, it is the parent; otherwise it is a link. The span that the
/// host puts around the work is a link too.
/// </summary>
internal static class ListTrace
{
    /// <summary>Name of the activity source.</summary>
    public const string SourceName = "Pipeline";

    /// <summary>Number of submissions of a list that are traced. A trace of a million URLs is of no use.</summary>
    public const int MaxSubmissions = 10;

    private static readonly ActivitySource Source = new(SourceName);

    [ThreadStatic]
    private static ActivityTraceId? _rootId;

    // Only a generator can give a root span a chosen id and leave the decision to the sampler.
    static ListTrace()
    {
        var others = Activity.TraceIdGenerator;
        Activity.TraceIdGenerator = () => _rootId ?? others?.Invoke() ?? ActivityTraceId.CreateRandom();
    }

    /// <summary>The trace of a list.</summary>
    public static ActivityTraceId IdOf(string listId)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes("pipeline.list/" + listId), hash);
        return ActivityTraceId.CreateFromBytes(hash[..16]);
    }

    /// <summary>Does work within a span of its list's trace. Without a listener it only does the work.</summary>
    /// <param name="name">Name of the span.</param>
    /// <param name="kind">Its kind.</param>
    /// <param name="of">What the work belongs to.</param>
    /// <param name="work">The work; an exception marks the span as failed.</param>
    public static Task<T> RunAsync<T>(string name, ActivityKind kind, TracedWork of, Func<Task<T>> work) =>
        Source.HasListeners() && of.Sequence < MaxSubmissions ? TracedAsync(name, kind, of, work) : work();

    /// <inheritdoc cref="RunAsync{T}"/>
    public static Task RunAsync(string name, ActivityKind kind, TracedWork of, Func<Task> work) =>
        Source.HasListeners() && of.Sequence < MaxSubmissions
            ? TracedAsync(
                name, kind, of,
                async () =>
                {
                    await work();
                    return true;
                })
            : work();

    /// <summary>
    /// Starts the span of a request to another service, within the span of a stage. Null for all other requests, such
    /// as those that wait for messages.
    /// </summary>
    public static Activity? StartCall(string service, string method, Uri? address)
    {
        if (Activity.Current is not { IsAllDataRequested: true } stage || stage.Source != Source)
            return null;
        // No path: object keys hold the secret of a prefix, and queries hold signatures.
        var call = Source.StartActivity($"{method} {service}", ActivityKind.Client);
        return call?
            .SetTag("http.request.method", method)
            .SetTag("server.address", address?.Host)
            .SetTag("server.port", address?.Port);
    }

    /// <summary>Marks a span as failed; false, for use in an exception filter.</summary>
    public static bool Fail(this Activity? span, Exception error)
    {
        span?.SetStatus(ActivityStatusCode.Error).SetTag("error.type", error.GetType().FullName);
        return false;
    }

    private static async Task<T> TracedAsync<T>(string name, ActivityKind kind, TracedWork of, Func<Task<T>> work)
    {
        using var span = Start(name, kind, of);
        span?.SetTag("pipeline.list.id", of.ListId);
        if (of.SubmissionId is not null)
            span?.SetTag("pipeline.submission.id", of.SubmissionId);
        try
        {
            return await work();
        }
        catch (Exception error) when (span.Fail(error))
        {
            throw;
        }
    }

    private static Activity? Start(string name, ActivityKind kind, TracedWork of)
    {
        var (around, id) = (Activity.Current, IdOf(of.ListId));
        if (around?.TraceId == id)
            return Source.StartActivity(name, kind);
        var links = new List<ActivityLink>();
        if (around is { IdFormat: ActivityIdFormat.W3C })
            links.Add(new(around.Context));
        if (ActivityContext.TryParse(of.Sender, null, isRemote: true, out var sender))
        {
            if (sender.TraceId == id)
                return Source.StartActivity(name, kind, sender, tags: null, links);
            links.Add(new(sender));
        }

        (Activity.Current, _rootId) = (null, id);
        try
        {
            return Source.StartActivity(name, kind, parentContext: default, tags: null, links);
        }
        finally
        {
            _rootId = null;
        }
    }
}

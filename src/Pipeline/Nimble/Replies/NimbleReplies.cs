using System.Collections.Concurrent;
using System.IO.Compression;
using Microsoft.Extensions.Logging;
using Pipeline.Http.Retrying;
using Pipeline.Model;

namespace Pipeline.Nimble.Replies;

/// <summary>Reads bodies within limits, removes secrets from their texts, and logs each unknown state once.</summary>
internal sealed partial class NimbleReplies(ILogger logger, Func<string, string> clean)
{
    private const int MaxWords = 100;
    private const int LongestWord = 64;

    private readonly ConcurrentDictionary<string, bool> _words = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The <c>x-task-id</c> header.</summary>
    public static string? TaskIdOf(HttpResponseMessage response) =>
        response.Headers.NonValidated.TryGetValues("x-task-id", out var values)
            && TaskIds.IsWellFormed(values.FirstOrDefault())
            ? values.FirstOrDefault()
            : null;

    /// <summary>Reads a body within the budget of all replies.</summary>
    /// <param name="budget">The budget of replies of this kind.</param>
    /// <param name="response">The reply.</param>
    /// <param name="limit">Maximum size of such a reply, bytes.</param>
    /// <param name="parse">Parses the body; it gets null if the body breaks off, stalls or exceeds the limit.</param>
    /// <param name="time">Limits the time.</param>
    public static async Task<T> ReadAsync<T>(
        ReplyBudget budget, HttpResponseMessage response, int limit, Func<ReadOnlyMemory<byte>?, T> parse,
        ReplyTime time)
    {
        using var share = new ReplyBudget.Share(budget);
        using var buffer = new ReplyBuffer();
        return await TryReadAsync(response, limit, buffer, share, time)
            ? buffer.Parse(body => parse(body))
            : parse(null);
    }

    private static async Task<bool> TryReadAsync(
        HttpResponseMessage response, int limit, ReplyBuffer buffer, ReplyBudget.Share share, ReplyTime time)
    {
        try
        {
            using var body = Decode(response, await response.Content.ReadAsStreamAsync(time.Token));
            while (await body.ReadAsync(buffer.Room, time.Token) is var read and > 0)
            {
                buffer.Advance(read);
                if (buffer.Length > limit)
                    return false;
                await share.GrowAsync(buffer.Length, time);
            }

            return true;
        }
        catch (Exception e)
            when (e is InvalidDataException or PipelineException { Reason: FailureReasons.ObjectDamaged }
                || Faults.IsOfConnection(e, time.Caller))
        {
            return false;
        }
    }

    /// <summary>Decompresses a body that a server or proxy compressed without being asked.</summary>
    private static Stream Decode(HttpResponseMessage response, Stream body) =>
        response.Content.Headers.ContentEncoding.LastOrDefault()?.ToLowerInvariant() switch
        {
            "gzip" or "x-gzip" => new GZipStream(body, CompressionMode.Decompress),
            "deflate" => new ZLibStream(body, CompressionMode.Decompress),
            "br" => new BrotliBody(body),
            _ => body,
        };

    public NimbleTask? Note(NimbleTask? task)
    {
        if (task?.State is { Length: <= LongestWord } state && !TaskStates.IsKnown(state) && _words.Count < MaxWords
            && _words.TryAdd(state, true))
            LogUnknownState(clean(state), task.Id);
        return task is { Error: null, ErrorType: null } or null
            ? task
            : task with
            {
                Error = task.Error is null ? null : clean(task.Error),
                ErrorType = task.ErrorType is null ? null : clean(task.ErrorType),
            };
    }

    public NimbleBatch? Note(NimbleBatch? batch) => batch is null ? null : batch with { Tasks = Note(batch.Tasks) };

    public IReadOnlyList<NimbleTask> Note(IReadOnlyList<NimbleTask> tasks) => [.. tasks.Select(task => Note(task)!)];

    [LoggerMessage(2, LogLevel.Warning,
        "Task {TaskId} has the unknown state '{State}' at Nimble; it is treated as not ended.")]
    private partial void LogUnknownState(string state, string taskId);
}

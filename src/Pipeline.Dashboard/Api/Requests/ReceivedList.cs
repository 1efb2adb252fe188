using Microsoft.AspNetCore.Http;
using Pipeline.IO;
using Pipeline.Intake.Sending;

namespace Pipeline.Dashboard.Api.Requests;

/// <summary>Takes lists as bodies of requests: each in a temporary file, a few at a time.</summary>
internal static class ReceivedList
{
    /// <summary>Length of the longest list that is sent as a body.</summary>
    public const long MaxBytes = 256L << 20;

    // Each keeps its body in a temporary file while it is checked.
    private static readonly SemaphoreSlim Turns = new(4);

    /// <summary>Receives a list and answers the request; 429 if too many come at once.</summary>
    /// <param name="context">The request.</param>
    /// <param name="label">What the caller says about the list.</param>
    /// <param name="answer">Answers it, while the list can be read.</param>
    public static async Task<IResult> AnswerAsync(
        HttpContext context, ListLabel label, Func<OfferedList, Task<IResult>> answer)
    {
        var stop = context.RequestAborted;
        if (!await Turns.WaitAsync(TimeSpan.Zero, stop))
        {
            context.Response.Headers.RetryAfter = "5";
            return ApiProblems.Of(StatusCodes.Status429TooManyRequests, "Too many lists come at once.", "Try again.");
        }

        try
        {
            await using var content = PrivateFiles.CreateTemporary(Path.GetTempPath(), FileOptions.Asynchronous);
            await RequestBody.CopyAsync(context, content, MaxBytes, stop);
            return await answer(new(() => Rewound(content), label));
        }
        finally
        {
            Turns.Release();
        }
    }

    /// <summary>
    /// A name for people from what the request says; its end tells the form where the content does not.
    /// </summary>
    public static string NameOf(string? name, string? type)
    {
        var shown = string.Concat((name ?? "").Where(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or ' ')
            .Take(100)).Trim('.', ' ');
        if (shown.Contains('.', StringComparison.Ordinal))
            return shown;
        var end = type?.Split(';')[0].Trim().ToLowerInvariant() switch
        {
            "text/csv" => ".csv",
            "application/x-ndjson" or "application/jsonl" => ".ndjson",
            "application/json" => ".json",
            _ => ".txt",
        };
        return (shown.Length == 0 ? "request" : shown) + end;
    }

    // A reader disposes its stream, and the content is read again.
    private static NonClosingStream Rewound(Stream content)
    {
        content.Position = 0;
        return new(content);
    }

    private sealed class NonClosingStream(Stream content) : ForwardStream
    {
        public override ValueTask<int> ReadAsync(
            Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            content.ReadAsync(buffer, cancellationToken);
    }
}

using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Pipeline.Ports.Reading;

namespace Pipeline.Dashboard.Api.Requests;

/// <summary>
/// Answers requests that make a list, each once: a repeated request with the same <c>Idempotency-Key</c> gets the list
/// that the first one made.
/// </summary>
internal sealed class KeyedRequests(IRequestKeys keys, TimeProvider time)
{
    private const int MaxKey = 255;
    private const string KeyHeader = "Idempotency-Key";
    private const string Replayed = "Idempotency-Replayed";

    /// <summary>Answers a request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="hashAsync">Hashes what it asks for. Called only if it has a key.</param>
    /// <param name="actAsync">Does it.</param>
    public async Task<IResult> AnswerAsync(
        HttpContext context, Func<Task<string>> hashAsync, Func<Task<SubmittedList>> actAsync)
    {
        var stop = context.RequestAborted;
        if (context.Request.Headers[KeyHeader] is not ([] or [{ Length: > 0 and <= MaxKey }]))
            return ApiProblems.Invalid($"{KeyHeader} is one word of at most {MaxKey} characters.");
        if (context.Request.Headers[KeyHeader] is not [{ } key])
            return Answer(await actAsync());
        var hash = await hashAsync();
        if (await keys.FindRequestAsync(key, stop) is { } known)
            return known.Hash == hash ? new RepeatedResult(known.ListId) : Reused();
        var list = await actAsync();
        var first = await keys.AddRequestAsync(key, new(hash, list.ListId), time.GetUtcNow(), stop);
        return first.Hash == hash ? Answer(list) : Reused();
    }

    /// <summary>Hashes what a request asks for.</summary>
    /// <param name="words">What it says outside of its body.</param>
    /// <param name="content">Its body; null for none.</param>
    /// <param name="cancellationToken">Stops the read.</param>
    public static async Task<string> HashAsync(string words, Stream? content, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{words}\n"));
        var buffer = new byte[1 << 16];
        while (content is not null && await content.ReadAsync(buffer, cancellationToken) is > 0 and var read)
            hash.AppendData(buffer.AsSpan(0, read));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static IResult Answer(SubmittedList list) =>
        Results.Json(list, ApiJson.Default.SubmittedList, statusCode: StatusCodes.Status202Accepted);

    private static IResult Reused() => ApiProblems.Of(
        StatusCodes.Status422UnprocessableEntity, "The Idempotency-Key was used for another request.",
        "Use a new key for a new list, and the same key only to repeat the same request.");

    /// <summary>The answer to a request that was answered before.</summary>
    private sealed class RepeatedResult(string listId) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.Headers[Replayed] = "true";
            return Answer(new(listId, null, null)).ExecuteAsync(httpContext);
        }
    }
}

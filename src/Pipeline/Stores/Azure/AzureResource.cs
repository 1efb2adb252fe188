using System.Runtime.CompilerServices;
using Azure;
using Pipeline.Http;
using Pipeline.Model;

namespace Pipeline.Stores.Azure;

/// <summary>
/// A container, queue or table. Creates it when a call finds it missing, and translates the SDK's errors to
/// <see cref="PipelineException"/>s.
/// </summary>
/// <param name="client">The SDK's client.</param>
/// <param name="what">Kind and name of the resource, as the subject of error messages.</param>
/// <param name="access">This process's access to the resource.</param>
/// <param name="create">Creates the resource unless it exists.</param>
/// <param name="isOwn">
/// Whether the resource belongs to the pipeline. Refused access then waits and fails no input.
/// </param>
/// <param name="time">The clock that bounds listings; null for the system's.</param>
internal sealed class AzureResource<TClient>(
    TClient client,
    string what,
    AzureAccess access,
    Func<CancellationToken, Task> create,
    bool isOwn = true,
    TimeProvider? time = null)
{
    public TClient Client => client;

    /// <summary>Kind and name of the resource, as the subject of error messages.</summary>
    public string What => what;

    /// <summary>This process's access to the resource.</summary>
    public AzureAccess Access => access;

    /// <summary>
    /// Runs a call that may be repeated. Errors that the caller must handle (404, 409, 412) are thrown as the SDK's
    /// <see cref="RequestFailedException"/>.
    /// </summary>
    /// <exception cref="PipelineException">Access is refused, or the service is overloaded or unreachable.</exception>
    public async Task<T> RunAsync<T>(Func<TClient, Task<T>> call, CancellationToken cancellationToken)
    {
        try
        {
            try
            {
                return await call(client);
            }
            catch (RequestFailedException e) when (AzureErrors.IsMissingResource(e))
            {
                await create(cancellationToken);
                return await call(client);
            }
        }
        catch (Exception e) when (AzureErrors.Translate(e, what, access, cancellationToken) is { } translated)
        {
            throw isOwn ? AzureErrors.OfOwnStore(translated) : translated;
        }
    }

    /// <summary>Returns all items of a query, page by page.</summary>
    /// <exception cref="PipelineException">As from a call; also if the pages do not end.</exception>
    public async IAsyncEnumerable<T> ReadAsync<T>(
        Func<TClient, AsyncPageable<T>> query, [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : notnull
    {
        var guard = new PageGuard($"{char.ToLowerInvariant(what[0])}{what[1..]}", time ?? TimeProvider.System);
        string? token = null;
        do
        {
            var from = token;
            var page = await guard.FetchAsync(
                () => RunAsync(c => FirstPageAsync(query(c), from, cancellationToken), cancellationToken));
            foreach (var item in page?.Values ?? [])
                yield return item;
            token = page?.ContinuationToken;
            if (!string.IsNullOrEmpty(token))
                guard.Next(token);
        }
        while (!string.IsNullOrEmpty(token));
    }

    private static async Task<Page<T>?> FirstPageAsync<T>(
        AsyncPageable<T> query, string? from, CancellationToken cancellationToken)
        where T : notnull
    {
        await foreach (var page in query.AsPages(from).WithCancellation(cancellationToken))
            return page;
        return null;
    }
}

using System.Runtime.CompilerServices;
using Azure;
using Pipeline.Model;

namespace Pipeline.Stores.Azure;

/// <summary>A container, queue or table: made when the first use finds it missing, and its errors told as the pipeline's own.</summary>
/// <param name="client">The SDK's client.</param>
/// <param name="what">For messages: what it is and its name.</param>
/// <param name="access">By what right it is used.</param>
/// <param name="create">Makes it unless it exists.</param>
/// <param name="isOwn">Whether it is the pipeline's own store: who is refused there waits, and fails no input for it.</param>
internal sealed class AzureResource<TClient>(
    TClient client, string what, AzureAccess access, Func<CancellationToken, Task> create, bool isOwn = true)
{
    public TClient Client => client;

    /// <summary>For messages: what it is and its name.</summary>
    public string What => what;

    /// <summary>By what right it is used.</summary>
    public AzureAccess Access => access;

    /// <summary>Runs a call that may be repeated. What the call's caller must decide about (404, 409, 412) is thrown as the SDK's <see cref="RequestFailedException"/>.</summary>
    /// <exception cref="PipelineException">Access refused, overload, or no connection.</exception>
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

    /// <summary>Every item of a query, page by page.</summary>
    public async IAsyncEnumerable<T> ReadAsync<T>(Func<TClient, AsyncPageable<T>> query, [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : notnull
    {
        string? token = null;
        do
        {
            var from = token;
            var page = await RunAsync(c => FirstPageAsync(query(c), from, cancellationToken), cancellationToken);
            foreach (var item in page?.Values ?? [])
                yield return item;
            token = page?.ContinuationToken;
        }
        while (!string.IsNullOrEmpty(token));
    }

    private static async Task<Page<T>?> FirstPageAsync<T>(AsyncPageable<T> query, string? from, CancellationToken cancellationToken)
        where T : notnull
    {
        await foreach (var page in query.AsPages(from).WithCancellation(cancellationToken))
            return page;
        return null;
    }
}

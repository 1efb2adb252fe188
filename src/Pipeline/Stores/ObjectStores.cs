using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Stores;

/// <summary>Forwards each call to the registered store for the URI's scheme.</summary>
internal sealed class ObjectStores(IEnumerable<IObjectStore> stores) : IObjectStore
{
    private readonly Dictionary<string, IObjectStore> _byScheme =
        stores.SelectMany(s => s.Schemes, (store, scheme) => (store, scheme)).ToDictionary(x => x.scheme, x => x.store);

    /// <inheritdoc/>
    public IReadOnlyList<string> Schemes => [.. _byScheme.Keys];

    /// <inheritdoc/>
    public Task<ObjectRead?> OpenAsync(ObjectUri uri, CancellationToken cancellationToken) =>
        For(uri).OpenAsync(uri, cancellationToken);

    /// <inheritdoc/>
    public Task WriteAsync(ObjectUri uri, Stream content, CancellationToken cancellationToken) =>
        For(uri).WriteAsync(uri, content, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<ObjectInfo> ListAsync(ObjectUri prefix, CancellationToken cancellationToken) =>
        For(prefix).ListAsync(prefix, cancellationToken);

    /// <inheritdoc/>
    public Task DeleteAsync(ObjectUri uri, CancellationToken cancellationToken) =>
        For(uri).DeleteAsync(uri, cancellationToken);

    private IObjectStore For(ObjectUri uri)
    {
        ArgumentNullException.ThrowIfNull(uri);
        return _byScheme.TryGetValue(uri.Scheme, out var store)
            ? store
            : throw PipelineException.Permanent(FailureReasons.InvalidConfiguration,
                $"Addresses with '{uri.Scheme}://' are not supported here. Use one of: "
                    + $"{string.Join(", ", _byScheme.Keys)}.");
    }
}

namespace Pipeline.Ports;

/// <summary>The kinds of documents that consumers receive.</summary>
public enum DocumentKind
{
    /// <summary>A <c>pipeline.record/1</c>.</summary>
    Record,

    /// <summary>A <c>pipeline.failure/1</c>.</summary>
    Failure,

    /// <summary>A <c>pipeline.manifest/1</c>.</summary>
    Manifest,
}

/// <summary>A document that a store holds, for announcers. Disposing it releases its bytes.</summary>
/// <param name="kind">What it is.</param>
/// <param name="id">The id of its input, or of its list for a manifest.</param>
/// <param name="address">Where it is stored. The query may hold a signature, which no announcement may repeat.</param>
/// <param name="content">Its bytes as stored; seekable.</param>
public sealed class StoredDocument(DocumentKind kind, string id, Uri address, Stream content) : IAsyncDisposable
{
    /// <summary>What it is. Records are stored as a gzip member, failures and manifests as plain JSON.</summary>
    public DocumentKind Kind => kind;

    /// <summary>The id of its input, or of its list for a manifest.</summary>
    public string Id => id;

    /// <summary>Where it is stored, without query.</summary>
    public string Address => address.GetLeftPart(UriPartial.Path);

    /// <summary>Its bytes as stored; seekable.</summary>
    public Stream Content => content;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => content.DisposeAsync();
}

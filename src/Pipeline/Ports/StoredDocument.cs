namespace Pipeline.Ports;

/// <summary>The kinds of documents that consumers receive one by one.</summary>
public enum DocumentKind
{
    /// <summary>A <c>pipeline.failure/1</c>.</summary>
    Failure,

    /// <summary>A <c>pipeline.manifest/1</c>.</summary>
    Manifest,
}

/// <summary>A stored failure or manifest, for announcers. Disposing it releases its bytes.</summary>
/// <param name="kind">The kind of document.</param>
/// <param name="id">The id of its input; the list's id for a manifest.</param>
/// <param name="address">
/// The address of the document. Its query may contain a signature, which must not be announced.
/// </param>
/// <param name="content">The stored bytes: JSON; seekable.</param>
public sealed class StoredDocument(DocumentKind kind, string id, Uri address, Stream content) : IAsyncDisposable
{
    /// <summary>The kind of document.</summary>
    public DocumentKind Kind => kind;

    /// <summary>The id of its input; the list's id for a manifest.</summary>
    public string Id => id;

    /// <summary>The address of the document, without query.</summary>
    public string Address => address.GetLeftPart(UriPartial.Path);

    /// <summary>The stored bytes: JSON; seekable.</summary>
    public Stream Content => content;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => content.DisposeAsync();
}

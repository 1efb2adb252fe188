namespace Pipeline.Model;

/// <summary>The address of an object or prefix. Bucket and key are not URL-encoded.</summary>
/// <param name="Scheme">
/// Lower case: <c>s3</c>, <c>gs</c>, <c>azblob</c> (always the configured Azure account), <c>file</c>.
/// </param>
/// <param name="Bucket">The bucket, or the container on Azure; empty for <c>file</c>.</param>
/// <param name="Key">
/// The key without a leading slash; the absolute path for <c>file</c>. Empty for the whole bucket.
/// </param>
public sealed record ObjectUri(string Scheme, string Bucket, string Key)
{
    /// <summary>Parses <c>scheme://bucket/key</c>.</summary>
    /// <exception cref="PipelineException">
    /// Permanent: the text is not such an address. The message says what to write.
    /// </exception>
    public static ObjectUri Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var colon = text.IndexOf("://", StringComparison.Ordinal);
        var scheme = colon > 0 ? text[..colon].ToLowerInvariant() : "";
        var rest = colon > 0 ? text[(colon + 3)..] : "";
        if (scheme == "file" && rest.StartsWith('/'))
            return new(scheme, "", rest);
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        var bucket = slash < 0 ? rest : rest[..slash];
        if (scheme is not ("s3" or "gs" or "azblob") || bucket.Length == 0 || rest.AsSpan().ContainsAny('\r', '\n'))
            throw PipelineException.Permanent(FailureReasons.InvalidConfiguration,
                $"'{text}' is not an object address. Write s3://bucket/prefix/, gs://bucket/prefix/, "
                    + "azblob://container/prefix/ or file:///absolute/path.");
        return new(scheme, bucket, slash < 0 ? "" : rest[(slash + 1)..]);
    }

    /// <summary>Returns the address of a file or folder on this machine.</summary>
    public static ObjectUri ForFile(string path) => new("file", "", Path.GetFullPath(path));

    /// <summary>Returns this address with text appended to its key.</summary>
    public ObjectUri Append(string suffix) => this with { Key = Key + suffix };

    /// <summary>Returns this address as a prefix: with a key that is empty or ends with a slash.</summary>
    public ObjectUri AsPrefix() => Key.Length == 0 || Key.EndsWith('/') ? this : Append("/");

    /// <inheritdoc/>
    public override string ToString() => Scheme == "file" ? $"file://{Key}" : $"{Scheme}://{Bucket}/{Key}";
}

namespace Pipeline.Model;

/// <summary>
/// The address of an object or prefix. Bucket and key are as the store has them. As text, the path of a file is escaped
/// as in every <c>file</c> URI, so that any program can open it; the keys of other stores are written as they are.
/// </summary>
/// <param name="Scheme">Lower case, such as <c>s3</c>. The stores declare which schemes they serve.</param>
/// <param name="Bucket">The bucket or container; empty for a path on this machine.</param>
/// <param name="Key">
/// The key without a leading slash; the absolute path if there is no bucket. Empty for the whole bucket.
/// </param>
public sealed record ObjectUri(string Scheme, string Bucket, string Key)
{
    private const string File = "file";

    /// <summary>
    /// Parses <c>scheme://bucket/key</c> or <c>scheme:///path</c>. Unescapes the path of a file, and leaves what is not
    /// an escape as it is. So a path that was never escaped also works, unless its name looks like an escape.
    /// </summary>
    /// <exception cref="PipelineException">
    /// Permanent: the text is not such an address. The message says what to write.
    /// </exception>
    public static ObjectUri Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var colon = text.IndexOf("://", StringComparison.Ordinal);
        var scheme = colon > 0 ? text[..colon].ToLowerInvariant() : "";
        var rest = colon > 0 ? text[(colon + 3)..] : "";
        if (!scheme.All(char.IsAsciiLetterOrDigit) || rest.Length == 0 || rest.AsSpan().ContainsAny('\r', '\n'))
            throw PipelineException.Permanent(FailureReasons.InvalidConfiguration,
                $"'{text}' is not an object address. Write scheme://bucket/prefix/, such as s3://my-bucket/results/, "
                    + "or file:///absolute/path.");
        if (rest.StartsWith('/'))
            return new(scheme, "", scheme == File ? Uri.UnescapeDataString(rest) : rest);
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? new(scheme, rest, "") : new(scheme, rest[..slash], rest[(slash + 1)..]);
    }

    /// <summary>Returns the address of a file or folder on this machine.</summary>
    public static ObjectUri ForFile(string path) => new(File, "", Path.GetFullPath(path));

    /// <summary>Returns this address with text appended to its key.</summary>
    public ObjectUri Append(string suffix) => this with { Key = Key + suffix };

    /// <summary>Returns this address as a prefix: with a key that is empty or ends with a slash.</summary>
    public ObjectUri AsPrefix() => Key.Length == 0 || Key.EndsWith('/') ? this : Append("/");

    /// <inheritdoc/>
    public override string ToString() => (Bucket.Length, Scheme) switch
    {
        (0, File) => $"{Scheme}://{string.Join('/', Key.Split('/').Select(Uri.EscapeDataString))}",
        (0, _) => $"{Scheme}://{Key}",
        _ => $"{Scheme}://{Bucket}/{Key}",
    };
}

namespace Pipeline.Emulator.Buckets;

/// <summary>The properties of an object that its writer sets.</summary>
internal sealed record ObjectTraits(string ContentType)
{
    /// <summary>For example <c>gzip</c>; null for none.</summary>
    public string? ContentEncoding { get; init; }

    /// <summary>User metadata (<c>x-amz-meta-*</c> in S3, <c>metadata</c> in GCS).</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>
    /// The header in which an S3 client sent a checksum, for example <c>x-amz-checksum-crc32</c>; null for none.
    /// </summary>
    public string? ChecksumHeader { get; init; }

    /// <summary>The value of <see cref="ChecksumHeader"/>, base64.</summary>
    public string? Checksum { get; init; }
}

/// <summary>An object as the index stores it.</summary>
/// <param name="Bucket">Its bucket.</param>
/// <param name="Key">Its key, any text.</param>
/// <param name="Generation">Never used twice, and grows with time. Also the file name of a large object.</param>
/// <param name="Bytes">The stored size in bytes.</param>
/// <param name="Md5">The MD5 of the stored bytes, 32 lower-case hex digits.</param>
/// <param name="Crc32C">The CRC-32C of the stored bytes.</param>
/// <param name="Created">When it became visible, UTC.</param>
/// <param name="Traits">The properties that its writer set.</param>
internal sealed record StoredObject(
    string Bucket, string Key, long Generation, long Bytes, string Md5, uint Crc32C, DateTimeOffset Created,
    ObjectTraits Traits)
{
    /// <summary>The ETag in S3's form: the MD5 in quotes.</summary>
    public string ETag => $"\"{Md5}\"";
}

/// <summary>One page of a listing.</summary>
/// <param name="Objects">Objects, sorted by the UTF-8 bytes of their keys.</param>
/// <param name="Prefixes">Common prefixes up to the delimiter, in the same order.</param>
/// <param name="NextCursor">Where the next page starts (inclusive); null at the end.</param>
internal sealed record ObjectPage(
    IReadOnlyList<StoredObject> Objects, IReadOnlyList<string> Prefixes, byte[]? NextCursor);

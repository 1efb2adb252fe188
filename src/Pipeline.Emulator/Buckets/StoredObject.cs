namespace Pipeline.Emulator.Buckets;

/// <summary>What the writer of an object says about it.</summary>
internal sealed record ObjectTraits(string ContentType)
{
    /// <summary>For example <c>gzip</c>; null for none.</summary>
    public string? ContentEncoding { get; init; }

    /// <summary>The writer's own name/value pairs (<c>x-amz-meta-*</c>, GCS <c>metadata</c>).</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>The header of the checksum an S3 client sent, for example <c>x-amz-checksum-crc32</c>; null for none.</summary>
    public string? ChecksumHeader { get; init; }

    /// <summary>The value of <see cref="ChecksumHeader"/>, base64.</summary>
    public string? Checksum { get; init; }
}

/// <summary>One whole object as the index knows it.</summary>
/// <param name="Bucket">Its bucket.</param>
/// <param name="Key">Its key, any text.</param>
/// <param name="Generation">Unique among all objects ever, rising with time; also names the file of a large one.</param>
/// <param name="Bytes">The stored size.</param>
/// <param name="Md5">The MD5 of the stored bytes, 32 lower-case hex digits.</param>
/// <param name="Crc32C">The CRC-32C of the stored bytes.</param>
/// <param name="Created">When it became visible, UTC.</param>
/// <param name="Traits">What its writer said.</param>
internal sealed record StoredObject(
    string Bucket, string Key, long Generation, long Bytes, string Md5, uint Crc32C, DateTimeOffset Created, ObjectTraits Traits)
{
    /// <summary>The entity tag as S3 has it: the MD5 in quotes.</summary>
    public string ETag => $"\"{Md5}\"";
}

/// <summary>One page of a listing.</summary>
/// <param name="Objects">Objects in the order of their keys' UTF-8 bytes.</param>
/// <param name="Prefixes">Common prefixes up to the delimiter, in the same order.</param>
/// <param name="NextCursor">Where the next page starts (inclusive); null at the end.</param>
internal sealed record ObjectPage(IReadOnlyList<StoredObject> Objects, IReadOnlyList<string> Prefixes, byte[]? NextCursor);

namespace Pipeline.Dashboard.Api.Rows;

/// <summary>Copies a record as one line. Drops the line feed at its end, which some stores keep.</summary>
internal static class RecordLine
{
    private const int BufferBytes = 1 << 16;

    /// <summary>Copies the record.</summary>
    public static async Task CopyAsync(Stream record, Stream to, CancellationToken cancellationToken)
    {
        var buffer = new byte[BufferBytes];
        var owesLineFeed = false;
        while (await record.ReadAsync(buffer, cancellationToken) is > 0 and var read)
        {
            if (owesLineFeed)
                await to.WriteAsync("\n"u8.ToArray(), cancellationToken);
            owesLineFeed = buffer[read - 1] == '\n';
            await to.WriteAsync(buffer.AsMemory(0, owesLineFeed ? read - 1 : read), cancellationToken);
        }
    }
}

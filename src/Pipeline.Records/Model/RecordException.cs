namespace Pipeline.Records;

/// <summary>What is wrong with a document.</summary>
public enum RecordFault
{
    /// <summary>It does not conform to its schema: it is not JSON, or a member is missing or of another type.</summary>
    Invalid,

    /// <summary>
    /// Its bytes differ from those that were written: a gzip checksum or a digest does not match, or it is truncated.
    /// </summary>
    Damaged,

    /// <summary>It is not where it should be.</summary>
    Missing,

    /// <summary>It exceeds a limit of <see cref="RecordReaderOptions"/>.</summary>
    TooLarge,
}

/// <summary>A document that cannot be used. The message says what is wrong and where.</summary>
public sealed class RecordException : Exception
{
    /// <summary>Creates an exception.</summary>
    public RecordException(
        RecordFault fault, string message, RecordPosition? position = null, string? recordId = null,
        Exception? inner = null)
        : base(position is null ? message : $"{position}: {message}", inner) =>
        (Fault, Problem, Position, RecordId) = (fault, message, position, recordId);

    /// <summary>The kind of fault.</summary>
    public RecordFault Fault { get; }

    /// <summary>The message without the position.</summary>
    public string Problem { get; }

    /// <summary>Where it was read; null for a queue message.</summary>
    public RecordPosition? Position { get; }

    /// <summary>The id of the record; null if it is not known.</summary>
    public string? RecordId { get; }
}

/// <summary>A place in a file, stream or blob.</summary>
/// <param name="Name">Its path or address.</param>
/// <param name="Line">The line, from 1.</param>
/// <param name="Offset">
/// Offset in bytes: of the line; in a gzip file, of the member in which the line begins.
/// </param>
public sealed record RecordPosition(string Name, long Line, long Offset)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Name}, line {Line} (byte {Offset})";
}

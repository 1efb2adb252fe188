using System.Text.Json.Serialization;

namespace Pipeline.Records;

/// <summary>The result of a verification.</summary>
public sealed record VerificationReport
{
    /// <summary>Whether everything is right.</summary>
    public bool Ok => ProblemCount == 0;

    /// <summary>Number of lists with a manifest.</summary>
    public long Lists { get; init; }

    /// <summary>Number of records that were read.</summary>
    public long Records { get; init; }

    /// <summary>Number of records whose content was compared with its digest; the others hold no content.</summary>
    public long ContentsVerified { get; init; }

    /// <summary>Number of failures that were read.</summary>
    public long Failures { get; init; }

    /// <summary>Number of bytes that were read, as stored.</summary>
    public long Bytes { get; init; }

    /// <summary>Number of problems.</summary>
    public long ProblemCount { get; init; }

    /// <summary>The first problems, at most 1,000.</summary>
    public required IReadOnlyList<VerificationProblem> Problems { get; init; }
}

/// <summary>A problem.</summary>
public sealed record VerificationProblem
{
    /// <summary>
    /// The kind: <c>damaged</c>, <c>invalid</c>, <c>missing</c>, <c>too_large</c>, <c>duplicate_id</c>, <c>count</c> or
    /// <c>digest</c>.
    /// </summary>
    public required string Kind { get; init; }

    /// <summary>What is wrong, for people.</summary>
    public required string Message { get; init; }

    /// <summary>The list; null if it is not known.</summary>
    public string? ListId { get; init; }

    /// <summary>The id of the record or failure; null if none is affected or the id is not known.</summary>
    public string? Id { get; init; }

    /// <summary>The file or blob.</summary>
    public string? File { get; init; }

    /// <summary>The line, from 1.</summary>
    public long? Line { get; init; }

    /// <summary>Offset in bytes, of the line or of the gzip member in which it begins.</summary>
    public long? Offset { get; init; }

    /// <inheritdoc/>
    public override string ToString()
    {
        var list = ListId is null || File is not null ? "" : $"list {ListId}: ";
        var line = Line is null ? "" : Offset is null ? $", line {Line}" : $", line {Line} (byte {Offset})";
        return $"{Kind}: {list}{(File is null ? "" : $"{File}{line}: ")}{Message}";
    }
}

/// <summary>Writes reports without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(VerificationReport))]
public sealed partial class VerificationJson : JsonSerializerContext;

using System.Text.Json;
using Pipeline.Model;

namespace Pipeline.Intake.Reading.Json;

/// <summary>Describes JSON errors in one line: what is wrong, and where.</summary>
internal static class JsonProblems
{
    /// <summary>Returns the parser's message without its position and path.</summary>
    public static string Describe(JsonException error)
    {
        var text = error.Message;
        var end = text.IndexOf(" LineNumber:", StringComparison.Ordinal);
        if (end < 0)
            end = text.IndexOf(" Path:", StringComparison.Ordinal);
        return (end < 0 ? text : text[..end]).TrimEnd('.', ' ');
    }

    /// <summary>
    /// Returns where the parser stopped: line and column, from 0. The parser counts only line feeds; lists have other
    /// line ends too.
    /// </summary>
    public static (long Line, long Column) PlaceOf(JsonException error, ReadOnlySpan<byte> json)
    {
        var at = 0;
        for (var line = error.LineNumber ?? 0; line > 0; line--)
            at += json[at..].IndexOf((byte)'\n') + 1;
        return LineEnds.PlaceOf(json, Math.Min(at + (int)(error.BytePositionInLine ?? 0), json.Length));
    }

    /// <summary>Creates the permanent error for a malformed JSON document. None of its items is accepted.</summary>
    /// <param name="line">From 1.</param>
    /// <param name="column">In bytes, from 1.</param>
    /// <param name="problem">What is wrong at that position.</param>
    /// <param name="inner">The parser's exception.</param>
    public static PipelineException Malformed(long line, long column, string problem, Exception? inner = null) =>
        PipelineException.Permanent(
            FailureReasons.InvalidInput,
            $"The list is not valid JSON at line {line}, column {column}: {problem}. Nothing was planned. "
                + "Correct the list and submit it again.",
            inner);
}

using System.Text.Json;

namespace Pipeline.Intake;

/// <summary>Says in one line what is wrong with JSON, and where.</summary>
internal static class JsonProblems
{
    /// <summary>The parser's sentence without its own position and path.</summary>
    public static string Describe(JsonException error)
    {
        var text = error.Message;
        var end = text.IndexOf(" LineNumber:", StringComparison.Ordinal);
        if (end < 0)
            end = text.IndexOf(" Path:", StringComparison.Ordinal);
        return (end < 0 ? text : text[..end]).TrimEnd('.', ' ');
    }

    /// <summary>
    /// Where the parser stopped, line and column from 0. It counts line feeds only; lists have other line ends too.
    /// </summary>
    public static (long Line, long Column) PlaceOf(JsonException error, ReadOnlySpan<byte> json)
    {
        var at = 0;
        for (var line = error.LineNumber ?? 0; line > 0; line--)
            at += json[at..].IndexOf((byte)'\n') + 1;
        return LineEnds.PlaceOf(json, Math.Min(at + (int)(error.BytePositionInLine ?? 0), json.Length));
    }

    /// <summary>A document that is no JSON: nothing of it can be trusted.</summary>
    /// <param name="line">From 1.</param>
    /// <param name="column">In bytes, from 1.</param>
    /// <param name="problem">What is wrong there.</param>
    /// <param name="inner">What found it.</param>
    public static PipelineException Malformed(long line, long column, string problem, Exception? inner = null) =>
        PipelineException.Permanent(
            FailureReasons.InvalidInput,
            $"The list is not valid JSON at line {line}, column {column}: {problem}. Nothing of it was planned; "
                + "correct it there and submit it again.",
            inner
        );
}

using System.Text;
using Pipeline.Intake.Reading.Json;
using Pipeline.Model;
using Pipeline.Notation;

namespace Pipeline.Intake.Reading;

/// <summary>
/// The fields of a line-based list in comments above its first line: <c># series: prices</c>. They are <c>list_id</c>,
/// <c>series</c>, <c>only_new</c> and <c>max_age</c>, in this spelling. Other comments are ignored.
/// </summary>
internal static class CommentFields
{
    private const int MaxBytes = 256;

    /// <summary>Reads the fields.</summary>
    /// <param name="head">The first bytes of the list.</param>
    /// <exception cref="PipelineException">Permanent: <c>only_new</c> is neither true nor false.</exception>
    public static DocumentFields Read(ReadOnlySpan<byte> head)
    {
        var fields = DocumentFields.None;
        while (head.Length > 0)
        {
            var end = LineEnds.IndexOf(head);
            var line = (end < 0 ? head : head[..end]).Trim(" \t"u8);
            if (line.Length > 0 && line[0] != (byte)'#')
                break;
            if (end < 0)
                break;
            if (line.Length is > 0 and <= MaxBytes && line.IndexOf((byte)':') is > 0 and var colon)
                fields = With(fields, Text(line[1..colon]), Text(line[(colon + 1)..]));
            head = head[(end + LineEnds.LengthAt(head[end..]))..];
        }
        return fields;
    }

    private static DocumentFields With(DocumentFields fields, string name, string value) =>
        name switch
        {
            "list_id" => fields with { ListId = value },
            "series" => fields with { Series = fields.Series with { Name = value } },
            "only_new" => fields with { Series = fields.Series with { OnlyNew = Flag(value) } },
            "max_age" => fields with { Series = fields.Series with { MaxAge = value } },
            _ => fields,
        };

    private static bool Flag(string value) =>
        value switch
        {
            "true" => true,
            "false" => false,
            _ => throw PipelineException.Permanent(
                FailureReasons.InvalidInput,
                $"The comment 'only_new: {VisibleText.Of(value)}' of the list is neither true nor false."),
        };

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes.Trim(" \t"u8));
}

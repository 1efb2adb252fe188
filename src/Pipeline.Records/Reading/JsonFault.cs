using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Pipeline.Records;

/// <summary>Says in plain words what is wrong with JSON, because the parser's own sentences name .NET types.</summary>
internal static partial class JsonFault
{
    /// <summary>Describes a fault.</summary>
    public static string Describe(JsonException fault) => fault switch
    {
        _ when Missing().Match(fault.Message) is { Success: true } match => $"it lacks {match.Groups[1].Value}",
        { Path: { Length: > 2 } path } when IsOfKind(fault) => $"{path[2..]} has a value of the wrong kind",
        _ when IsOfKind(fault) => "it has a value of the wrong kind",
        { LineNumber: { } line, BytePositionInLine: { } at } => string.Create(
            CultureInfo.InvariantCulture, $"the JSON is not valid at line {line + 1}, byte {at + 1}"),
        _ => fault.Message.TrimEnd('.'),
    };

    private static bool IsOfKind(JsonException fault) =>
        fault.Message.StartsWith("The JSON value could not be converted", StringComparison.Ordinal);

    [GeneratedRegex("missing required properties including: (.+?)\\.?$")]
    private static partial Regex Missing();
}

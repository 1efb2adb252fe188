using FsCheck;
using FsCheck.Fluent;

namespace Pipeline.Tests.Collect.Normalize;

/// <summary>
/// Generates valid result documents: fields in any order, missing or null, and whitespace and escapes wherever JSON
/// allows them.
/// </summary>
internal static class ResultDocuments
{
    private static readonly string[] Pieces =
        [
            "a", "plain text of some length, long enough for vectors", "é", "漢字", "😀", "\\n", "\\\"", "\\\\", "\\/",
            "\\t", "\\b\\f\\r", "\\u0041", "\\u00e9", "\\u6F22", "\\ud83d\\ude00", "\\u0000", "<p>", "&", "{", "]",
            "\u007f", "\u2028"];

    private static readonly Gen<string> Space = Gen.Elements("", "", "", "", " ", "\n", "\r\n\t  ");
    private static readonly Gen<string> Text = Gen.Elements(Pieces).ArrayOf().Select(p => $"\"{string.Concat(p)}\"");
    private static readonly Gen<string> Number = Gen.Elements(
        "0", "-0", "12", "-1.50", "1e5", "2E-3", "0.0", "123456789012345678901234567890", "1e400", "9007199254740993");
    private static readonly Gen<string> Scalar = Gen.OneOf(
        Text, Number, Gen.Elements("true", "false", "null", "[]", "{}", "[ ]", "{\n}"));
    // Values of small fields: mostly of the right type, sometimes of another.
    private static readonly Gen<string> Small = Gen.Frequency(
        (5, Text), (1, Scalar), (1, Gen.Constant("""[ {"a":1} ]""")));
    private static readonly Gen<string> Code = Gen.Frequency(
        (4, Gen.Elements("200", "404", "-1", "\"200\"")), (1, Scalar));
    private static readonly Gen<string> Duration = Gen.Frequency(
        (4, Gen.Elements("0", "1877", "9007199254740993", "\"12\"")), (1, Scalar));
    private static readonly Gen<string> Name = Gen.Elements(
        "a", "b c", "url", "html", "ключ", "x\\\"y", "\\u0061b", "/", "");

    /// <summary>Generates the text of a document.</summary>
    public static Gen<string> Any { get; } =
        from root in Fields(
            ("url", Small), ("task_id", Small), ("status", Small), (
                "status_code", Code), ("unknown", Value(3)), ("ключ", Value(2)), ("x\\ny", Value(1)),
            ("data", Optional(Object(Fields(
                ("html", Small), ("markdown", Text), ("text", Text), (
                    "screenshot", Small), ("parsing", Value(4)), ("links", Value(3)),
                ("redirects", Value(2)), ("screenshots", Value(2)), ("pages_html", Value(1)),
                ("network_capture", Value(3)), ("\\\"quoted\\\"", Text))))),
            ("metadata", Gen.Frequency((9, Optional(Object(Fields(
                ("query_duration", Duration), ("query_time", Small), ("driver", Small), ("country", Small),
                ("locale", Small), ("tag", Small), ("cost", Number))))), (1, Scalar))))
        from text in Object(Gen.Constant(root))
        from before in Gen.Elements("", "\n", "\uFEFF", "\uFEFF ")
        from after in Space
        select before + text + after;

    private static Gen<string> Value(int depth) => depth == 0
        ? Scalar
        : Gen.OneOf(
            Scalar,
            from items in Spaced(Value(depth - 1)).ArrayOf(3) select $"[{string.Join(',', items)}]",
            Object(
                from names in Name.ArrayOf(2) from values in Spaced(Value(depth - 1)).ArrayOf(2) select names.Zip(
                    values, (n, v) => $"\"{n}\":{v}").ToArray()));

    private static Gen<string> Optional(Gen<string> value) => Gen.Frequency((4, value), (1, Gen.Constant("null")));

    private static Gen<string> Spaced(Gen<string> value) =>
        from before in Space from text in value from after in Space select before + text + after;

    /// <summary>Picks some of these fields, in any order, and makes some of them null.</summary>
    private static Gen<string[]> Fields(params (string Name, Gen<string> Value)[] fields) =>
        from members in Gen.CollectToArray(fields.Select(f =>
            from value in Optional(f.Value)
            from name in Spaced(Gen.Constant($"\"{f.Name}\""))
            from space in Space
            from present in Gen.Choose(0, 3)
            select present > 0 ? $"{name}:{space}{value}{space}" : ""))
        from shuffled in Gen.Shuffle(members)
        select shuffled.Where(m => m.Length > 0).ToArray();

    private static Gen<string> Object(Gen<string[]> members) =>
        from all in members from space in Space select $"{{{space}{string.Join(',', all)}{space}}}";
}

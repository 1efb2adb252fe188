using System.Text.Encodings.Web;
using System.Text.Json;
using Pipeline.Cli;
using Pipeline.Emulator;
using Spectre.Console;

namespace Pipeline.Tests.Cli;

/// <summary>Text from outside never reaches a terminal as control characters.</summary>
[Trait("Promise", "9")]
public sealed class CleanConsoleTests
{
    private static readonly JsonSerializerOptions Relaxed = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>
    /// C0, ESC sequences for colour, title and link (OSC 8), DEL, C1, bidirectional controls, line separators, a lone
    /// CR.
    /// </summary>
    internal static readonly string[] Hostile =
    [
        "\0", "\a", "\b", "\v", "\f", "\u001b[31m", "\u001b]0;title\u0007", "\u001b]8;;http://evil.test/"
            + "\u001b\\link\u001b]8;;\u001b\\",
        "\u007f", "\u0085", "\u009b2J", "\u009d0;x\u009c", "\u061c", "\u200e", "\u200f", "\u202a", "\u202e", "\u2028",
            "\u2029", "\u2066", "\u2069", "\rover",
    ];

    public static TheoryData<string> Forms => [.. Hostile];

    [Theory]
    [MemberData(nameof(Forms))]
    public void BothWritersShowControlCharactersInsteadOfSendingThem(string form)
    {
        using var plain = new StringWriter();
        using var drawn = new StringWriter();
        using (var writer = new CleanWriter(plain))
        {
            writer.WriteLine($"a{form}b");
            writer.Write(form.ToCharArray(), 0, form.Length);
            foreach (var c in form)
                writer.Write(c);
        }
        var console = Terminal.On(drawn);
        console.MarkupLineInterpolated($"[red]{form}[/]");
        console.Write(new Table().AddColumn("x").AddRow(Markup.Escape(form)));
        console.WriteWhole(form);

        Assert.All([plain.ToString(), drawn.ToString()], text => Assert.Equal([], Obeyed(text)));
        Assert.Contains("\\u", plain.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void CleanTextIsUnchangedAndJsonKeepsItsMeaning()
    {
        using var output = new StringWriter();
        using var writer = new CleanWriter(output);
        var text = string.Concat(Hostile) + "é ☃ 😀\t\n\r\n";
        writer.Write(JsonSerializer.Serialize(text, Relaxed));
        Assert.Equal(text, JsonElement.Parse(output.ToString()).GetString());

        output.GetStringBuilder().Clear();
        writer.Write("é ☃ 😀\ta\nb\r\nc");
        Assert.Equal("é ☃ 😀\ta\nb\r\nc", output.ToString());
    }

    /// <summary>The characters of a text that control a terminal.</summary>
    internal static IEnumerable<string> Obeyed(string text) => text.ReplaceLineEndings("\n")
        .Where(c => (char.IsControl(c) && c is not ('\n' or '\t')) || c is '\u2028' or '\u2029' or '\u061c' or '\u200e'
            or '\u200f'
            || c is >= '\u202a' and <= '\u202e' || c is >= '\u2066' and <= '\u2069')
        .Select(c => $"U+{(int)c:X4}")
        .Distinct();
}

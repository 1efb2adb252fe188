using System.Text;
using System.Text.Json;
using Pipeline.Json;
using Pipeline.Nimble.Replies;

namespace Pipeline.Tests.Nimble;

[Trait("Promise", "8")]
public sealed class JsonTextRepairTests
{
    [Theory]
    [InlineData("""{"a":"plain é 🙂","b":"\ud83d\ude42"}""")]
    [InlineData("""{"a":"\\ud83d","b":"\u00e9\n\\"}""")]
    [InlineData("""{"a":"\\\\ud800"}""")]
    [InlineData("""not json \""")]
    [InlineData("""\u12""")]
    [InlineData("")]
    public void ValidTextIsUnchanged(string json) => Assert.Equal(json, Repair(Encoding.UTF8.GetBytes(json)));

    [Theory]
    [InlineData("""{"a":"\ud83d"}""", """{"a":"\ufffd"}""")]
    [InlineData("""{"\uDC00":1}""", """{"\ufffd":1}""")]
    [InlineData("""["\ude42\ud83d","\ud83d\ud83d\ude42"]""", """["\ufffd\ufffd","\ufffd\ud83d\ude42"]""")]
    [InlineData("""["\ud83dx\ude42","\\\ud83d"]""", """["\ufffdx\ufffd","\\\ufffd"]""")]
    [InlineData("""["\ud83d\n"]""", """["\ufffd\n"]""")]
    [InlineData("""{"a\u0000":"\u0000b\\u0000"}""", """{"a\ufffd":"\ufffdb\\u0000"}""")]
    public void InvalidTextBecomesTheReplacementCharacter(string json, string expected) =>
        Assert.Equal(expected, Repair(Encoding.UTF8.GetBytes(json)));

    [Fact]
    public void InvalidUtf8BecomesTheReplacementCharacter() =>
        Assert.Equal("""{"a":"x""" + "\uFFFD\uFFFD" + "\"}", Repair([.. "{\"a\":\"x"u8, 0xC0, 0xAF, .. "\"}"u8]));

    [Fact]
    public void EveryStringOfAnAnswerCanBeReadAndWrittenAgain()
    {
        var answer = NimbleJson.Parse(
            """{"tasks":[{"id":"t","input":{"url":"\ud800","\udc00":[{"x":"\ud83d"}]}}]}"""u8);

        var task = Assert.Single(NimbleJson.ReadTasks(answer!.Value));

        Assert.Equal("""{"url":"\uFFFD","\uFFFD":[{"x":"\uFFFD"}]}""", JsonSerializer.Serialize(task.Input!.Value));
    }

    private static string Repair(byte[] json) => Encoding.UTF8.GetString(JsonTextRepair.Repair(json));
}

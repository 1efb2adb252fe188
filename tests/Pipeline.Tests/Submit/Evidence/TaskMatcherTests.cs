using System.Text.Json;
using Pipeline.Model;
using Pipeline.Nimble.Replies;
using Pipeline.Submit.Evidence;

namespace Pipeline.Tests.Submit.Evidence;

[Trait("Promise", "8")]
public sealed class TaskMatcherTests
{
    private static readonly SubmissionEntry Submission = new()
    {
        SubmissionId = "l-000000",
        ListId = "l",
        Sequence = 0,
        State = SubmissionState.Accepted,
        Count = 3,
        SharedInputs = """{"country":"CA","render":true}""",
    };

    [Fact]
    public void TasksAreMatchedByTheirEchoAndNeverByPosition()
    {
        var matcher = Matcher("""{"url":"https://a/"}""", """{"url":"https://b/"}""", """{"url":"https://c/"}""");
        var tasks = matcher.Match(
            [Task("t-c", """{"url":"https://c/"}"""), Task("t-a", """{"url":"https://a/"}"""), Task("t-x", null)]);
        Assert.Equal([new("t-c", 2), new("t-a", 0), new("t-x", null)], tasks);
    }

    [Fact]
    public void TheEchoedOptionsDistinguishInputsOfTheSameUrl()
    {
        var matcher = Matcher(
            """{"url":"https://a/","country":"US"}""", """{"url":"https://a/","country":"FR"}""",
            """{"url":"https://a/"}""");
        Assert.Equal(
            1,
            matcher.Match(Json("""{"url":"https://a/","country":"fr","render":true,"callback_url":"https://x/"}""")));
        Assert.Equal(2, matcher.Match(Json("""{"url":"https://a/","country":"CA"}""")));
        Assert.Null(matcher.Match(Json("""{"url":"https://a/"}""")));
        Assert.Null(matcher.Match(Json("""{"url":"https://a/","country":"DE"}""")));
    }

    [Fact]
    public void ATagDecidesBetweenInputsOfTheSameUrl()
    {
        var matcher = Matcher(
            """{"url":"https://a/","tag":"one"}""", """{"url":"https://a/","tag":"two"}""",
            """{"url":"https://b/","tag":"two"}""");
        Assert.Equal(0, matcher.Match(Json("""{"url":"https://a/","tag":"one"}""")));
        Assert.Equal(1, matcher.Match(Json("""{"url":"https://a/","tag":"two"}""")));
        Assert.Equal(2, matcher.Match(Json("""{"url":"https://b/","tag":"one"}""")));
    }

    [Theory]
    [InlineData("https://EXAMPLE.com", "https://example.com/")]
    [InlineData("https://example.com/ü", "https://example.com/%C3%BC")]
    public void AnEchoThatDiffersOnlyInSpellingStillMatches(string given, string echoed)
    {
        var matcher = Matcher($$"""{"url":"{{given}}"}""", """{"url":"https://b/"}""");
        Assert.Equal(0, matcher.Match(Json($$"""{"url":"{{echoed}}"}""")));
    }

    [Fact]
    public void AUrlThatIsNotInTheSubmissionMatchesNothing() =>
        Assert.Null(
            Matcher("""{"url":"https://a/"}""", """{"url":"https://b/"}""").Match(Json("""{"url":"https://evil/"}""")));

    [Fact]
    public void TheOnlyInputNeedsNoEcho() => Assert.Equal(0, Matcher("""{"url":"https://a/"}""").Match(echo: null));

    [Fact]
    public void TasksWithMalformedIdsAreIgnored() =>
        Assert.Empty(Matcher("""{"url":"https://a/"}""").Match([Task("../x", null), Task("", null)]));

    private static TaskMatcher Matcher(params string[] inputs) =>
        new(Submission, [.. inputs.Select((input, i) => new InputEntry
    {
        SubmissionId = Submission.SubmissionId, Ordinal = i, Id = $"{i}",
        Url = Json(input).GetProperty("url").GetString()!, Input = input, Line = i
            + 1,
    })]);

    private static NimbleTask Task(string id, string? input) =>
        new() { Id = id, Input = input is null ? null : Json(input) };

    private static JsonElement Json(string text) => JsonElement.Parse(text);
}

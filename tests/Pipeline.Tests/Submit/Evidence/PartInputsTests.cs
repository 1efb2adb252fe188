using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Submit.Evidence;

namespace Pipeline.Tests.Submit.Evidence;

/// <summary>A task that does not say yet whose it is may be paid for already, so its end is waited for.</summary>
[Trait("Promise", "2")]
public sealed class PartInputsTests
{
    private static readonly DateTimeOffset Posted = new(2026, 11, 30, 12, 0, 0, TimeSpan.Zero);

    private readonly FakeTimeProvider _time = new(Posted.AddMinutes(1));
    private readonly TaskMatcher _matcher = new(
        new()
        {
            SubmissionId = "list-000000", ListId = "list", Sequence = 0, State = SubmissionState.Refused, Count = 2,
        },
        [Input(0, "https://sample.test/a"), Input(1, "https://sample.test/b")]);

    [Theory]
    [InlineData("""{"url":"https://sample.test/b"}""")]
    [InlineData(null)]
    public void ItIsWaitedForWhileItMayWorkOnAnInput(string? echo)
    {
        var wait = Assert.Throws<PipelineException>(() => Parts().RequireOwner(_matcher, Post("pending", echo)));

        Assert.False(wait.IsPermanent);
        Assert.NotNull(wait.RetryAfter);
    }

    [Theory]
    [InlineData("success", """{"url":"https://sample.test/b"}""")]
    [InlineData("error", null)]
    [InlineData("pending", """{"url":"https://sample.test/of-another-list"}""")]
    public void ItIsNotWaitedForOnceNothingCanBeLearnt(string state, string? echo) =>
        Parts().RequireOwner(_matcher, Post(state, echo));

    [Fact]
    public void ATaskThatNeverEndsIsNotWaitedForLongerThanItsDeadline()
    {
        _time.Advance(new SweepOptions().TaskDeadline);

        Parts().RequireOwner(_matcher, Post("pending", echo: null));
    }

    private PartInputs Parts() =>
        new(null!, null!, null!, Microsoft.Extensions.Options.Options.Create(new PipelineOptions()), _time);

    private static LostPost Post(string state, string? echo) => new(
        [
            new()
            {
                Id = "task-1", State = state, CreatedAt = Posted,
                Input = echo is null ? null : JsonElement.Parse(echo),
            },
        ],
        Posted);

    private static InputEntry Input(int ordinal, string url) => new()
    {
        SubmissionId = "list-000000", Ordinal = ordinal, Id = $"input-{ordinal}", Url = url,
        Input = $$"""{"url":"{{url}}"}""", Line = ordinal + 1,
    };
}

using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Moq;
using Pipeline.Ledger;
using Pipeline.Ports;
using Pipeline.Submit;

namespace Pipeline.Tests.Submit;

/// <summary>A batch that is refused for some of its inputs: those fail, and the others are posted, each once.</summary>
public sealed class RefusalTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("dots", 3)]
    [InlineData("brackets", 3)]
    [InlineData("pointer", 3)]
    [InlineData("location", 3)]
    [InlineData("from one", 30)]
    [InlineData("nonsense", 20)]
    [InlineData("silent", 20)]
    public async Task TheInputsThatAreRefusedFailAndAllOthersAreAcceptedOnce(string form, int mostPosts)
    {
        await using var world = await SubmitWorld.StartAsync(o => o.Intake.MaxInputsPerSubmission = 100);
        int[] bad = form is "dots" or "silent" ? [7, 61] : [61];
        world.Refuse = inputs => Refuse(inputs, bad, form);
        await world.PlanAsync(100);
        await world.WorkAsync();

        var good = Enumerable.Range(1, 100).Except(bad).Select(SubmitWorld.Url);
        Assert.Equal(good.Order(), world.Accepted.SelectMany(a => a).Order());
        var inputs = await world.InputsAsync();
        Assert.Equal(100, inputs.Count);
        Assert.Equal(bad.Select(SubmitWorld.Url).Order(), inputs.Where(i => i.State == InputState.Failed).Select(i => i.Url).Order());
        Assert.All(inputs.Where(i => i.State == InputState.Failed), i => Assert.Equal(FailureReasons.SubmissionRefused, i.Reason));
        Assert.All(inputs.Where(i => i.State == InputState.Failed), i => Assert.Contains("is not taken", i.Failure));
        Assert.InRange(world.Posts, 2, mostPosts * bad.Length);
    }

    [Theory]
    [InlineData(404, "{}")]
    [InlineData(400, """{"msg":"bad","details":{"schema_validation_errors":["shared_inputs.storage_url: must be s3"]}}""")]
    public async Task WhatConcernsAllInputsFailsThemAtOnce(int status, string body)
    {
        await using var world = await SubmitWorld.StartAsync();
        world.Refuse = _ => (status, body);
        await world.PlanAsync(10);
        await world.WorkAsync();
        Assert.Equal(1, world.Posts);
        Assert.All(await world.InputsAsync(), i => Assert.Equal(FailureReasons.SubmissionRefused, i.Reason));
    }

    [Fact]
    public async Task WhereEveryPartIsRefusedTheRestIsGivenUp()
    {
        await using var world = await SubmitWorld.StartAsync(o => (o.Intake.MaxInputsPerSubmission, o.Submit.MaxRefusals) = (200, 20));
        world.Refuse = _ => (400, "{}");
        await world.PlanAsync(200);
        await world.WorkAsync();
        Assert.InRange(world.Posts, 20, 45);
        Assert.Equal(200, (await world.InputsAsync()).Count(i => i is { State: InputState.Failed, Reason: FailureReasons.SubmissionRefused }));
    }

    [Fact]
    public async Task ADivisionThatIsCutShortBeforeItsMessageIsSentGoesOnAtTheNextLook()
    {
        await using var world = await SubmitWorld.StartAsync();
        await world.PlanAsync(10);
        var planned = Assert.Single(await world.SubmissionsAsync());
        var refused = (await world.Ledger.UpdateSubmissionAsync(
            planned with { State = SubmissionState.Refused, Proof = PostProof.Refusal, PostedAt = world.State.Time.GetUtcNow(), DueAt = world.State.Time.GetUtcNow() }, Token))!;
        var inputs = await world.InputsAsync();
        var queue = new Mock<IWorkQueue>();
        queue.Setup(q => q.SendAsync(QueueNames.Submissions, It.IsAny<IReadOnlyList<ReadOnlyMemory<byte>>>(), It.IsAny<TimeSpan>(), It.IsAny<CancellationToken>()))
            .ThrowsAsync(PipelineException.Transient(FailureReasons.Unavailable, "The worker is killed here."));
        var repeats = new Repeats(world.Ledger, queue.Object, world.Service<Reopening>(), world.Service<IOptions<PipelineOptions>>(), world.State.Time, NullLogger<Repeats>.Instance);

        await Assert.ThrowsAsync<PipelineException>(() => repeats.DivideAsync(refused, [[.. inputs.Skip(1)], [inputs[0]]], Token));
        await world.SweepAsync();
        await world.WorkAsync();

        Assert.Equal(Enumerable.Range(1, 10).Select(SubmitWorld.Url).Order(), world.Accepted.SelectMany(a => a).Order());
    }

    [Theory]
    [InlineData(PostProof.Refusal)]
    [InlineData(PostProof.None)]
    public async Task WhatACrashLeftOfARefusedSubmissionGoesOn(PostProof proof)
    {
        await using var world = await SubmitWorld.StartAsync();
        await world.PlanAsync(10);
        var planned = Assert.Single(await world.SubmissionsAsync());
        var postedAt = proof == PostProof.Refusal ? world.State.Time.GetUtcNow() : (DateTimeOffset?)null;
        await world.Ledger.UpdateSubmissionAsync(planned with { State = SubmissionState.Refused, Proof = proof, PostedAt = postedAt, DueAt = world.State.Time.GetUtcNow() }, Token);
        await world.SweepAsync();
        await world.WorkAsync();
        Assert.Equal(10, world.Accepted.Sum(a => a.Count));
        Assert.Equal(10, world.Accepted.SelectMany(a => a).Distinct().Count());
        Assert.Equal(10, (await world.InputsAsync()).Count);
    }

    [Fact]
    public async Task ACrashBetweenTheTwoPartsLosesAndDoublesNothing()
    {
        await using var world = await SubmitWorld.StartAsync();
        await world.PlanAsync(10);
        var planned = Assert.Single(await world.SubmissionsAsync());
        var now = world.State.Time.GetUtcNow();
        await world.Ledger.UpdateSubmissionAsync(planned with { State = SubmissionState.Refused, Proof = PostProof.Refusal, PostedAt = now, DueAt = now }, Token);
        // The first part is there, and its inputs do not point to it yet.
        var inputs = await world.Ledger.GetInputsAsync(planned.SubmissionId, Token);
        await world.Ledger.CreateSubmissionAsync(
            planned with { SubmissionId = "list-000000-r1", Sequence = 1_000_000, Count = 3, RepeatOf = planned.SubmissionId },
            [.. inputs.Take(3).Select(i => i with { SubmissionId = "list-000000-r1" })], Token);
        await world.SweepAsync();
        await world.WorkAsync();
        Assert.Equal(10, world.Accepted.Sum(a => a.Count));
        Assert.Equal(10, world.Accepted.SelectMany(a => a).Distinct().Count());
    }

    [Fact]
    public async Task ASubmissionIsNeverPostedWithInputsThatHaveMovedOn()
    {
        await using var world = await SubmitWorld.StartAsync();
        await world.PlanAsync(10);
        var inputs = await world.Ledger.GetInputsAsync("list-000000", Token);
        await world.Ledger.UpdateInputsAsync([inputs[3] with { State = InputState.Recorded, TaskId = "t" }], Token);
        await world.WorkAsync();
        await world.SweepAsync();
        await world.WorkAsync();
        Assert.Equal(9, Assert.Single(world.Accepted).Count);
        Assert.DoesNotContain(inputs[3].Url, world.Accepted[0]);
    }

    private static (int, string)? Refuse(JsonElement inputs, int[] bad, string form)
    {
        var places = inputs.EnumerateArray().Index().Where(i => bad.Any(b => i.Item.GetProperty("url").GetString() == SubmitWorld.Url(b))).Select(i => i.Index).ToList();
        if (places.Count == 0)
            return null;
        var errors = string.Join(',', places.Select(place => form switch
        {
            "dots" => $"\"inputs.{place}.url: is not taken\"",
            "brackets" => $"\"inputs[{place}].url is not taken\"",
            "pointer" => $$"""{"instancePath":"/inputs/{{place}}/url","message":"is not taken"}""",
            "location" => $$"""{"loc":["body","inputs",{{place}},"url"],"msg":"is not taken"}""",
            "from one" => $"\"inputs.{place + 1}.url: is not taken\"",
            _ => "\"inputs: 1 is not taken\"",
        }));
        return (400, form == "silent" ? """{"status":"failed","msg":"Something is not taken."}""" : $$"""{"status":"failed","msg":"Something is not taken.","details":{"schema_validation_errors":[{{errors}}] } }""");
    }
}

using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Model;
using Pipeline.Nimble.Replies;
using Pipeline.Ports;
using Pipeline.Replay;
using Pipeline.Submit;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Submit;

/// <summary>
/// A batch that is refused because of some inputs: those fail, and each of the others is posted once.
/// </summary>
[Trait("Promise", "1")]
[Trait("Promise", "2")]
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
    public async Task RefusedInputsFailAndAllOthersAreAcceptedOnce(string form, int mostPosts)
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
        Assert.Equal(
            bad.Select(SubmitWorld.Url).Order(),
            inputs.Where(i => i.State == InputState.Failed).Select(i => i.Url).Order());
        Assert.All(
            inputs.Where(i => i.State == InputState.Failed),
            i => Assert.Equal(FailureReasons.SubmissionRefused, i.Reason));
        Assert.All(inputs.Where(i => i.State == InputState.Failed), i => Assert.Contains("is not taken", i.Failure));
        Assert.InRange(world.Posts, 2, mostPosts * bad.Length);
    }

    [Fact]
    public async Task EachRefusedInputFailsWithWhatTheAnswerSaysOfItAlone()
    {
        await using var world = await SubmitWorld.StartAsync();
        world.Refuse = inputs => Array.FindAll(
            [.. inputs.EnumerateArray().Index().Select(i => (i.Index, Url: i.Item.GetProperty("url").GetString()!))],
            i => i.Url == SubmitWorld.Url(3) || i.Url == SubmitWorld.Url(7)) is [_, ..] bad
            ? (400, """{"msg":"2 errors","details":{"schema_validation_errors":["""
                + string.Join(',', bad.SelectMany(i => (string[])
                    [$"\"inputs.{i.Index}.url: {i.Url} is odd\"", $"\"inputs.{i.Index}.tag: of {i.Url} too\""]))
                + "]}}")
            : null;
        await world.PlanAsync(9);
        await world.WorkAsync();
        await AssertOwnReasonsAsync(world);

        await world.PassAsync(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(1));
        await world.Service<ReplayStage>().ReplayAsync(SubmitWorld.ListId, _ => true, resubmit: true, Token);
        await world.WorkAsync();
        await AssertOwnReasonsAsync(world);
    }

    private static async Task AssertOwnReasonsAsync(SubmitWorld world) =>
        Assert.Equal(
            [3, 7],
            (await world.InputsAsync()).Where(i => i.State == InputState.Failed).OrderBy(i => i.Url).Select(i =>
            {
                var (own, other) = i.Url == SubmitWorld.Url(3) ? (3, 7) : (7, 3);
                Assert.Contains($"{SubmitWorld.Url(own)} is odd", i.Failure, StringComparison.Ordinal);
                Assert.Contains($"of {SubmitWorld.Url(own)} too", i.Failure, StringComparison.Ordinal);
                Assert.DoesNotContain(SubmitWorld.Url(other), i.Failure, StringComparison.Ordinal);
                return own;
            }));

    [Theory]
    [InlineData(404, "{}")]
    [InlineData(
        400, """{"msg":"bad","details":{"schema_validation_errors":["shared_inputs.storage_url: must be s3"]}}""")]
    public async Task ARefusalOfAllInputsFailsThemAtOnce(int status, string body)
    {
        await using var world = await SubmitWorld.StartAsync();
        world.Refuse = _ => (status, body);
        await world.PlanAsync(10);
        await world.WorkAsync();
        Assert.Equal(1, world.Posts);
        Assert.All(await world.InputsAsync(), i => Assert.Equal(FailureReasons.SubmissionRefused, i.Reason));
    }

    [Fact]
    public async Task IfEveryPartIsRefusedTheRestFails()
    {
        await using var world = await SubmitWorld.StartAsync(
            o => (o.Intake.MaxInputsPerSubmission, o.Submit.MaxRefusals) = (200, 20));
        world.Refuse = _ => (400, "{}");
        await world.PlanAsync(200);
        await world.WorkAsync();
        Assert.InRange(world.Posts, 20, 45);
        Assert.Equal(
            200,
            (await world.InputsAsync()).Count(
                i => i is { State: InputState.Failed, Reason: FailureReasons.SubmissionRefused }));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(null)]
    public async Task AnInterruptedDivisionResumesAtTheNextSweep(int? pointedAt)
    {
        const int bad = 5;
        var wasCut = true;
        for (var steps = 0; wasCut; steps++)
        {
            await using var world = await SubmitWorld.StartAsync();
            world.Refuse = inputs => Refuse(inputs, [bad], "silent");
            await world.PlanAsync(10);
            var planned = Assert.Single(await world.SubmissionsAsync());
            var now = world.State.Time.GetUtcNow();
            var refused = (
                await world.Ledger.UpdateSubmissionAsync(
                    planned with
                    {
                        State = SubmissionState.Refused,
                        Proof = PostProof.Refusal,
                        PostedAt = now,
                        DueAt = now,
                    },
                    Token))!;
            var inputs = await world.InputsAsync();
            var left = steps;
            await using (
                var killed = await world.OpenAsync(
                    before: (method, _) =>
                        left -= method.StartsWith("Get", StringComparison.Ordinal)
                            ? 0
                            : left > 0
                            ? 1
                            : throw new WorkerKilledException()))
            {
                var answer = new PostOutcome.Refused(RefusalKind.Content, 400, "Something is not taken.", null)
                {
                    Named = pointedAt is { } place
                        ? new Dictionary<int, string> { [place] = "It is not taken." }
                        : new Dictionary<int, string>(),
                };
                var cut = await Record.ExceptionAsync(
                    () => killed.GetRequiredService<Refusals>().HandleAsync(refused, inputs, answer, Token));
                Assert.True(cut is null or WorkerKilledException, $"{cut}");
                wasCut = cut is not null;
            }

            await world.WorkAsync();
            await world.PassAsync(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(1));

            Assert.Equal(
                Enumerable.Range(1, 10).Where(i => i != bad).Select(SubmitWorld.Url).Order(),
                world.Accepted.SelectMany(a => a).Order());
            Assert.Equal(
                SubmitWorld.Url(bad), Assert.Single(await world.InputsAsync(), i => i.State == InputState.Failed).Url);
            Assert.All(
                await world.SubmissionsAsync(),
                s =>
                    Assert.True(
                        s.State is SubmissionState.Accepted or SubmissionState.Closed,
                        $"{s.SubmissionId} is {s.State} after a cut behind {steps} steps."));
        }
    }

    [Fact]
    public async Task TwoWorkersThatReturnTheSameInputBothFinish()
    {
        await using var world = await SubmitWorld.StartAsync();
        await world.PlanAsync(10);
        var planned = Assert.Single(await world.SubmissionsAsync());
        var now = world.State.Time.GetUtcNow();
        await world.Ledger.UpdateSubmissionAsync(
            planned with { State = SubmissionState.Accepted, AcceptedAt = now, DueAt = now }, Token);
        var inputs = await world.InputsAsync();
        await world.Ledger.UpdateInputsAsync([inputs[0] with { State = InputState.Recorded, TaskId = "t" }], Token);
        var repeat = planned with
        {
            SubmissionId = "list-000000-r1",
            Sequence = 1_000_000,
            Count = 1,
            RepeatOf = planned.SubmissionId,
        };
        await world.Ledger.CreateSubmissionAsync(
            repeat, [inputs[0] with { SubmissionId = repeat.SubmissionId }], Token);

        var others = 0;
        await using var late = await world.OpenAsync(before: (method, _) =>
        {
            if (method == nameof(ILedger.UpdateInputsAsync) && others++ == 0)
                world.Service<Resubmission>().TakeOverAsync(repeat, Token).Wait(Token);
        });
        await late.GetRequiredService<Resubmission>().TakeOverAsync(repeat, Token).WaitAsync(
            TimeSpan.FromSeconds(20), Token);

        var given = Assert.Single(await world.Ledger.GetInputsAsync(repeat.SubmissionId, Token));
        Assert.Equal((InputState.Moved, planned.SubmissionId), (given.State, given.MovedTo));
    }

    [Theory]
    [InlineData(PostProof.Refusal)]
    [InlineData(PostProof.None)]
    public async Task ARefusedSubmissionResumesAfterACrash(PostProof proof)
    {
        await using var world = await SubmitWorld.StartAsync();
        await world.PlanAsync(10);
        var planned = Assert.Single(await world.SubmissionsAsync());
        var postedAt = proof == PostProof.Refusal ? world.State.Time.GetUtcNow() : (DateTimeOffset?)null;
        await world.Ledger.UpdateSubmissionAsync(
            planned with
            {
                State = SubmissionState.Refused,
                Proof = proof,
                PostedAt = postedAt,
                DueAt = world.State.Time.GetUtcNow(),
            },
            Token);
        await world.SweepAsync();
        await world.WorkAsync();
        Assert.Equal(10, world.Accepted.Sum(a => a.Count));
        Assert.Equal(10, world.Accepted.SelectMany(a => a).Distinct().Count());
        Assert.Equal(10, (await world.InputsAsync()).Count);
    }

    [Fact]
    public async Task ASubmissionIsNeverPostedWithInputsThatMovedAway()
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
        var places = inputs.EnumerateArray().Index().Where(
            i =>
                bad.Any(b => i.Item.GetProperty("url").GetString() == SubmitWorld.Url(b))).Select(i =>
                    i.Index).ToList();
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
        return (
            400,
            form == "silent"
                ? """{"status":"failed","msg":"Something is not taken."}"""
                : """{"status":"failed","msg":"Something is not taken.","details":{"schema_validation_errors":"""
                    + $$"""[{{errors}}] } }""");
    }
}

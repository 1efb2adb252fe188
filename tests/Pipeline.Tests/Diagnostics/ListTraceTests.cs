using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Pipeline.Diagnostics;
using Pipeline.Http;
using Pipeline.Model;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Diagnostics;

/// <summary>A list is one trace, whichever process sends its messages.</summary>
public sealed class ListTraceTests : IDisposable
{
    private const string Foreign = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    private readonly string _list = $"list-{Guid.NewGuid():N}";
    private readonly ConcurrentQueue<Activity> _seen = new();
    private readonly ActivityListener _listener;

    public ListTraceTests()
    {
        _listener = new()
        {
            ShouldListenTo = source => source.Name == ListTrace.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                if (activity.TraceId == ListTrace.IdOf(_list))
                    _seen.Enqueue(activity);
            },
        };
        ActivitySource.AddActivityListener(_listener);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task TheSenderIsTheParentInTheTraceOfItsList()
    {
        string? sender = null;
        await RunAsync("first", null, () => sender = Activity.Current!.Id);

        await RunAsync("second", sender);

        Activity[] seen = [.. _seen];
        Assert.Equal(["first", "second"], seen.Select(a => a.OperationName));
        Assert.Equal((default, seen[0].SpanId), (seen[0].ParentSpanId, seen[1].ParentSpanId));
        Assert.True(seen[1].HasRemoteParent);
    }

    /// <summary>A sender with write access to a queue must not move a list's work to another trace.</summary>
    [Theory]
    [InlineData(Foreign, 1)]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", 0)]
    [InlineData("nonsense", 0)]
    [InlineData("", 0)]
    [InlineData(null, 0)]
    public async Task AForeignSenderIsALinkAndAMalformedOneNothing(string? sender, int links)
    {
        await RunAsync("stage", sender);

        var span = Assert.Single(_seen);
        Assert.Equal((default, links), (span.ParentSpanId, span.Links.Count()));
    }

    [Fact]
    public async Task TheSpanOfAHostIsALink()
    {
        using var host = new Activity("invocation").SetIdFormat(ActivityIdFormat.W3C).Start();

        await RunAsync("stage", Foreign);

        var span = Assert.Single(_seen);
        Assert.Equal(default, span.ParentSpanId);
        Assert.Equal(
            [host.TraceId.ToHexString(), "0af7651916cd43dd8448eb211c80319c"],
            span.Links.Select(link => link.Context.TraceId.ToHexString()));
        Assert.Same(host, Activity.Current);
    }

    [Fact]
    public async Task WorkWithinWorkIsAChild()
    {
        await ListTrace.RunAsync(
            "outer", ActivityKind.Internal, new(_list), () => RunAsync("inner", Foreign));

        var (inner, outer) = (_seen.Single(a => a.OperationName == "inner"), _seen.Single(
            a => a.OperationName == "outer"));
        Assert.Equal(outer.SpanId, inner.ParentSpanId);
    }

    [Fact]
    public async Task OnlyTheFirstSubmissionsOfAListAreTraced()
    {
        foreach (var sequence in Enumerable.Range(0, 100))
            await ListTrace.RunAsync(
                "stage", ActivityKind.Internal, SubmissionIds.Traced(SubmissionIds.Of(_list, sequence)),
                () => Task.CompletedTask);
        await ListTrace.RunAsync(
            "again", ActivityKind.Internal,
            SubmissionIds.Traced(SubmissionIds.Of(_list, SubmissionIds.Next(3))), () => Task.CompletedTask);

        Assert.Equal(ListTrace.MaxSubmissions + 1, _seen.Count);
    }

    [Fact]
    public async Task AnExceptionMarksTheSpanAndTellsNothingOfItsMessage()
    {
        await Assert.ThrowsAsync<PipelineException>(() => RunAsync(
            "stage", null, () => throw PipelineException.Permanent(FailureReasons.Internal, "secret")));

        var span = Assert.Single(_seen);
        Assert.Equal(ActivityStatusCode.Error, span.Status);
        Assert.DoesNotContain("secret", string.Concat(span.TagObjects) + span.StatusDescription);
        Assert.Empty(span.Events);
    }

    /// <summary>
    /// Addresses contain object keys and signatures, and other services must not receive our trace context.
    /// </summary>
    [Fact]
    [Trait("Promise", "6")]
    public async Task ACallHasASpanWithoutAnAddressAndTellsTheServiceNothing()
    {
        await using var server = await TestServer.StartAsync(TestServer.Json("{}", 404));
        using var http = new HttpClient(new TracedHandler("s3", new SocketsHttpHandler
        {
            ActivityHeadersPropagator = null,
        }));
        await RunAsync("stage", null, async () => await http.GetAsync(
            new Uri(server.Address, "key-secret?sig=secret"), Token));
        await http.GetAsync(new Uri(server.Address, "idle"), Token);

        var call = _seen.Single(a => a.Kind == ActivityKind.Client);
        Assert.Equal(
            ("GET s3", HttpStatusCode.NotFound, ActivityStatusCode.Error),
            (call.DisplayName, (HttpStatusCode)(int)call.GetTagItem("http.response.status_code")!, call.Status));
        Assert.DoesNotContain("secret", string.Concat(call.TagObjects));
        Assert.Equal(2, _seen.Count);
        Assert.All(server.Seen, request => Assert.DoesNotContain("traceparent", request.Headers.Keys));
    }

    private Task RunAsync(string name, string? sender, Func<Task> work) =>
        ListTrace.RunAsync(name, ActivityKind.Consumer, new(_list, Sender: sender), work);

    private Task RunAsync(string name, string? sender, Action? work = null) => RunAsync(name, sender, () =>
    {
        work?.Invoke();
        return Task.CompletedTask;
    });
}

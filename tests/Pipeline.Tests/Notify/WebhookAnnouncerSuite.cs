using System.Text.Json;
using Pipeline.Json;
using Pipeline.Notify;
using Pipeline.Options;
using Pipeline.Ports;
using Pipeline.Model;
using Pipeline.Stores.Local.Queues;
using Pipeline.Tests.Contracts;
using Pipeline.Tests.Stores.Local;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Notify;

[SuiteFor(typeof(WebhookAnnouncer))]
public sealed class WebhookAnnouncerSuite : RecordAnnouncerContract
{
    private readonly LocalState _state = new();
    private LocalWorkQueue _queue = null!;

    protected override IReadOnlyList<DocumentKind> Announced => [DocumentKind.Manifest];

    protected override bool AnnouncesRecords => false;

    public override ValueTask DisposeAsync() => _state.DisposeAsync();

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 0)]
    public async Task ASubmissionIsAnnouncedIfTheSettingsAskForIt(bool asked, int events)
    {
        var announcer = Announcer(asked);

        await announcer.AnnounceAsync(Some.Submission() with { Records = 2, Failures = 1 }, Token);

        var got = await ReadAsync(DocumentKind.Manifest);
        Assert.Equal(events, got.Count);
        Assert.All(got, e => Assert.Contains("pipeline.submission.closed", e, StringComparison.Ordinal));
    }

    protected override async Task<IRecordAnnouncer> OpenAsync()
    {
        _queue = new(await _state.OpenAsync(), _state.Time);
        return Announcer(submissions: false);
    }

    protected override Task<IRecordAnnouncer> ReopenAsync()
    {
        _state.Crash();
        return OpenAsync();
    }

    protected override string Sample(DocumentKind kind) => kind == DocumentKind.Manifest
        ? JsonSerializer.Serialize(Some.Manifest(), PipelineJson.Plain.Manifest)
        : base.Sample(kind);

    protected override async Task<IReadOnlyList<string>> ReadAsync(DocumentKind kind) =>
        kind != DocumentKind.Manifest ? []
        : [
            .. (await _queue.PeekAsync(QueueNames.Notifications, 32, Token))
                .Select(body => MessageReader.ReadNotification(body).Event),
        ];

    private WebhookAnnouncer Announcer(bool submissions) => new(
        _queue,
        Microsoft.Extensions.Options.Options.Create(
            new PipelineOptions { Notify = { Url = "https://hooks.example.com/", Submissions = submissions } }),
        _state.Time);
}

using System.Text;
using System.Text.Json;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Json;

[Trait("Promise", "9")]
public sealed class MessageReaderTests
{
    [Fact]
    public void AMessageFromAStageIsReadUnchanged()
    {
        var since = new DateTimeOffset(2026, 3, 19, 10, 0, 0, 4, TimeSpan.Zero);
        var result = new ResultMessage("l-000000", "t-1", DiscoveredBy.Sweep, since, 3, "00-trace", ["t-2", "t-3"]);
        var read = MessageReader.ReadResult(
            JsonSerializer.SerializeToUtf8Bytes(result, PipelineJson.Plain.ResultMessage));
        Assert.Equal(result with { Others = null }, read with { Others = null });
        Assert.Equal(result.Others, read.Others);

        var submission = new SubmissionMessage("l-000000-r1", "00-trace");
        Assert.Equal(
            submission,
            MessageReader.ReadSubmission(
                JsonSerializer.SerializeToUtf8Bytes(submission, PipelineJson.Plain.SubmissionMessage)));
    }

    [Theory]
    [MemberData(nameof(UnusableMessages.Bodies), MemberType = typeof(UnusableMessages))]
    public void AForeignMessageIsRefusedWithTheReason(string queue, string body)
    {
        ReadOnlyMemory<byte> bytes = Encoding.UTF8.GetBytes(body);

        var problem = Assert.Throws<PipelineException>(
            () =>
                _ = queue == QueueNames.Results
                    ? MessageReader.ReadResult(bytes).SubmissionId
                    : MessageReader.ReadSubmission(bytes).SubmissionId);

        Assert.Equal((true, FailureReasons.InvalidInput), (problem.IsPermanent, problem.Reason));
        Assert.StartsWith(
            $"Queue {queue} holds a message that the pipeline did not send: ", problem.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void AQuotedMessageCannotWriteToATerminal()
    {
        var problem = Assert.Throws<PipelineException>(
            () => MessageReader.ReadResult(Encoding.UTF8.GetBytes("\u001b[2Jü" + new string('x', 999))));

        Assert.All(problem.Message, c => Assert.InRange(c, ' ', '~'));
        Assert.InRange(problem.Message.Length, 80, 250);
    }
}

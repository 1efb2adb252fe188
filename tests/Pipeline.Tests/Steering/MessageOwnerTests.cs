using System.Text;
using Pipeline.Model;
using Pipeline.Steering;

namespace Pipeline.Tests.Steering;

/// <summary>The owner of a queue's message: an erasure deletes messages by owner.</summary>
public sealed class MessageOwnerTests
{
    private const string Account = "https://a.blob.core.windows.net";

    [Theory]
    [InlineData("failures", "/failures/list-1/5f0c.json", "list-1")]
    [InlineData("manifests", "/manifests/list-1.json", "list-1")]
    // A list may be named like a container. That does not make the container's blobs its own.
    [InlineData("failures", "/failures/failures/5f0c.json", "failures")]
    [InlineData("manifests", "/manifests/manifests.json", "manifests")]
    [InlineData("failures", "/other/list-1.json", null)]
    public void APointerNamesItsListInItsAddress(string queue, string path, string? owner) =>
        Assert.Equal(owner, NamedBy(queue, $$"""{"id":"x","uri":"{{Account}}{{path}}"}"""));

    [Theory]
    [InlineData(QueueNames.Submissions, """{"submission_id":"list-10-000000"}""", "list-10")]
    [InlineData(QueueNames.Submissions, """{"submission_id":"list-1-000000-r1"}""", "list-1")]
    [InlineData(QueueNames.Exports, """{"list_id":"list-1","table":"records"}""", "list-1")]
    [InlineData(QueueNames.Exports, """{"list_id":"../list-1"}""", null)]
    [InlineData(QueueNames.Exports, """{"list_id":7}""", null)]
    [InlineData(QueueNames.Exports, "[]", null)]
    [InlineData(QueueNames.Submissions, "no JSON", null)]
    [InlineData(QueueNames.Notifications, """{"id":"x"}""", null)]
    public void AMessageNamesItsList(string queue, string body, string? owner) =>
        Assert.Equal(owner, NamedBy(queue, body));

    private static string? NamedBy(string queue, string body) =>
        MessageOwner.NamedBy(queue, Encoding.UTF8.GetBytes(body));
}

using System.Text;
using Pipeline.Emit;

namespace Pipeline.Tests.Support;

/// <summary>A record with the text it is given.</summary>
public sealed class TextRecord(string id, string listId, string submissionId, string json) : StagedRecord
{
    private readonly byte[] _bytes = Encoding.UTF8.GetBytes(json);

    public override string Id => id;

    public override string ListId => listId;

    public override string SubmissionId => submissionId;

    public override long Bytes => _bytes.Length;

    /// <summary>A small JSON object that names its id, padded with a letter.</summary>
    public static TextRecord Of(string id, string listId = "list", int padding = 0) =>
        new(id, listId, $"{listId}-000000", $$"""{"id":"{{id}}","list_id":"{{listId}}","pad":"{{new string('x', padding)}}"}""");

    public override void CopyTo(Stream destination) => destination.Write(_bytes);

    public override async Task CopyToAsync(Stream destination, CancellationToken cancellationToken) => await destination.WriteAsync(_bytes, cancellationToken);

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

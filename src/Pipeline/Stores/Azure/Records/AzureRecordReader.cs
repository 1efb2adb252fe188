using System.IO.Compression;
using Azure;
using Azure.Storage.Blobs.Models;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Ports.Reading;

namespace Pipeline.Stores.Azure.Records;

/// <summary>
/// Reads one record by its range: from its part, or, once parts are deleted, from the file of its closed submission.
/// </summary>
internal sealed class AzureRecordReader(RecordParts parts, ILedger ledger) : IRecordReader
{
    /// <inheritdoc/>
    public async Task<Stream?> OpenRecordAsync(
        string listId, InputEntry recorded, CancellationToken cancellationToken)
    {
        var place = recorded.Place
            ?? new($"{recorded.SubmissionId}/{recorded.Id}{RecordParts.SingleSuffix}", 0, 0);
        var member = await OpenAsync(listId, place, cancellationToken)
            ?? (recorded.Place is not null && await FindInFileAsync(recorded, cancellationToken) is { } later
                ? await OpenAsync(listId, later, cancellationToken)
                : null);
        return member is null ? null : new GZipStream(member, CompressionMode.Decompress);
    }

    private async Task<Stream?> OpenAsync(string listId, RecordPlace place, CancellationToken cancellationToken)
    {
        var options = new BlobDownloadOptions
        {
            Range = place.Length == 0 ? default : new HttpRange(place.Offset, place.Length),
        };
        try
        {
            var found = await parts.Container.RunAsync(
                c => c.GetBlobClient(RecordParts.NameOf(listId, place.Part))
                    .DownloadStreamingAsync(options, cancellationToken),
                cancellationToken);
            return found.Value.Content;
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            return null;
        }
    }

    /// <summary>The records of a submission's file are in the order of their parts and offsets.</summary>
    private async Task<RecordPlace?> FindInFileAsync(InputEntry recorded, CancellationToken cancellationToken)
    {
        var inputs = await ledger.GetInputsAsync(recorded.SubmissionId, cancellationToken);
        var all = inputs.Where(input => input is { State: InputState.Recorded, Place: not null })
            .OrderBy(input => input.Place!.Part, StringComparer.Ordinal)
            .ThenBy(input => input.Place!.Offset);
        var before = all.TakeWhile(input => input.Id != recorded.Id).Sum(input => input.Place!.Length);
        return new(recorded.SubmissionId + RecordParts.Suffix, before, recorded.Place!.Length);
    }
}

using Pipeline.Intake.Reading;
using Pipeline.Model;
using Pipeline.Notation;
using Pipeline.Ports;
using Pipeline.Ports.Ledgers;

namespace Pipeline.Intake.Sending;

/// <summary>
/// Fetches a list again, as a list of its own: the same content with the same URL column, shared inputs and series.
/// </summary>
internal sealed class ListRerun(ILedger ledger, IListOrigins origins, ListSender sender)
{
    /// <summary>
    /// Sends the list under the next number. While a run of it is open, returns that run, so a repeated request starts
    /// only one.
    /// </summary>
    /// <param name="listId">The list, or one of its runs.</param>
    /// <param name="folder">Folder where lists are kept for Intake.</param>
    /// <param name="who">Who asked, for the log of events.</param>
    /// <param name="cancellationToken">Stops between two steps; the same call continues.</param>
    /// <returns>The entry of the run.</returns>
    /// <exception cref="PipelineException">
    /// Permanent: the list is unknown, or its content is gone or has changed. Transient: a store is unavailable.
    /// </exception>
    public async Task<ListEntry> RunAsync(
        string listId, ObjectUri folder, string who, CancellationToken cancellationToken)
    {
        var list = SubmissionIds.IsWellFormed(listId) ? await ledger.GetListAsync(listId, cancellationToken) : null;
        if (list is null)
            throw Refuse($"No list {DisplayText.Quote(listId)} is known. 'pipeline status' shows the lists.");
        var id = await new NextRun(ledger).FindAsync(listId, list.ContentHash, cancellationToken);
        if (await ledger.GetListAsync(id, cancellationToken) is { State: ListState.Planning or ListState.Open } running)
            return running;
        var again = await sender.CheckAsync(await OfferAsync(list, id, cancellationToken), cancellationToken);
        if (list.ContentHash is { } hash && hash != again.Inspection.ContentHash)
            throw Refuse(
                $"The content of list {listId} has changed since it was accepted. To fetch what is there now, submit "
                    + "it as a list of its own: pipeline submit LIST");
        return await sender.SendAsync(again, folder, who, cancellationToken);
    }

    private async Task<OfferedList> OfferAsync(ListEntry list, string id, CancellationToken cancellationToken)
    {
        var message = await origins.FindOriginAsync(list.ListId, cancellationToken)
            ?? throw Refuse(
                $"The message of list {list.ListId} was not kept: an older version accepted it, it reads stored "
                    + $"results again, or it was a message of more than {IListOrigins.MaxBytes >> 10} KiB. "
                    + "Submit it again: pipeline run LIST --again");
        var offer = new OfferedList(
            () => new MemoryStream(message, writable: false), new(list.Source ?? list.ListId, id));
        return ListPointer.Read(message) is { } pointer ? offer with { Pointer = pointer } : offer;
    }

    private static PipelineException Refuse(string message) =>
        PipelineException.Permanent(FailureReasons.InvalidInput, message);
}

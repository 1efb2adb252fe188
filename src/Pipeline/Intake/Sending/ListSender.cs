using System.Buffers;
using Microsoft.Extensions.Options;
using Pipeline.Intake.Reading;
using Pipeline.Model;
using Pipeline.Model.Series;
using Pipeline.Options;
using Pipeline.Ports;
using Pipeline.Ports.Reading;
using Pipeline.Stores;

namespace Pipeline.Intake.Sending;

/// <summary>What a caller says about a list that it sends.</summary>
/// <param name="Name">Its name, for people. Its extension decides the format if the content does not.</param>
/// <param name="ListId">An id that overrides the list's own; null for none.</param>
/// <param name="UrlColumn">Name of the URL column of a CSV list; null for <c>url</c>.</param>
/// <param name="Series">What the caller says about its series.</param>
/// <param name="SharedInputs">Extraction options for all URLs, a JSON object; null for none.</param>
internal sealed record ListLabel(
    string Name, string? ListId = null, string? UrlColumn = null, SeriesFields Series = default,
    string? SharedInputs = null);

/// <summary>A list that a caller offers.</summary>
/// <param name="Open">Opens its content, as often as needed.</param>
/// <param name="Label">What the caller says about it.</param>
internal sealed record OfferedList(Func<Stream> Open, ListLabel Label)
{
    /// <summary>Where the list is, if the content is an address; null if the content is the list.</summary>
    public ListPointer? Pointer { get; init; }

    /// <summary>Returns the list with the name from its content, if it has one.</summary>
    public OfferedList Named(string? own) => own is null ? this : this with { Label = Label with { Name = own } };
}

/// <summary>A list that was read once and can be accepted.</summary>
/// <param name="List">The list.</param>
/// <param name="Inspection">What is in it.</param>
internal sealed record CheckedList(OfferedList List, ListInspection Inspection);

/// <summary>
/// Accepts lists from callers (command, page, API or schedule): checks them, keeps a copy for Intake, sends the
/// message, and logs who sent it.
/// </summary>
internal sealed class ListSender(
    ListRegistration registration, IWorkQueue queue, ObjectStores objects, IEventLog events,
    IOptions<PipelineOptions> options, TimeProvider time)
{
    private const int MaxPointerBytes = 256 * 1024;

    private static readonly SearchValues<char> Letters = SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");

    /// <summary>Reads a list, or a pointer to one, without storing anything.</summary>
    /// <exception cref="PipelineException">
    /// Permanent: the list cannot be accepted; the message says why. Transient: a store is unavailable.
    /// </exception>
    public async Task<CheckedList> CheckAsync(OfferedList list, CancellationToken cancellationToken)
    {
        var (label, pointer) = (list.Label, list.Pointer ?? await ReadPointerAsync(list, cancellationToken));
        var source = pointer is null
            ? new ListSource(_ => new(list.Open()), label.Name) { UrlColumn = label.UrlColumn }
            : ListSource.Of(pointer, objects, options.Value.Intake);
        var inspection = await ListInspector.InspectAsync(
            source, pointer?.SharedInputs ?? label.SharedInputs, options.Value.Intake, label.ListId ?? pointer?.ListId,
            label.Series.Or(pointer?.Series ?? default), cancellationToken);
        return new(list with { Pointer = pointer }, inspection);
    }

    /// <summary>Sends a list that was checked. Sending it again does no harm.</summary>
    /// <param name="list">The list.</param>
    /// <param name="folder">Folder where lists are kept for Intake.</param>
    /// <param name="who">Who sends it, for the log of events.</param>
    /// <param name="cancellationToken">Stops between two steps; the same call continues.</param>
    /// <returns>The list's entry.</returns>
    /// <exception cref="PipelineException">
    /// Permanent: another list has its id. Transient: a store is unavailable.
    /// </exception>
    public async Task<ListEntry> SendAsync(
        CheckedList list, ObjectUri folder, string who, CancellationToken cancellationToken)
    {
        var offer = list.List;
        var inspection = await registration.NameAsync(list.Inspection, cancellationToken);
        var name = offer.Label.Name;
        var entry = await registration.AcceptAsync(inspection, name, cancellationToken);
        if (entry.State != ListState.Planning)
            return entry;
        var pointer = (offer.Pointer ?? await KeepAsync(offer, inspection.ListId, folder, cancellationToken)) with
        {
            ListId = inspection.ListId,
            Form = inspection.Form,
            ContentHash = inspection.ContentHash,
        };
        pointer = pointer with { Name = pointer.Name ?? name, Series = offer.Label.Series.Or(pointer.Series) };
        var message = pointer.ToMessage();
        // Do this first, so that a ledger that is restored without its queues can send the list again.
        await registration.KeepOriginAsync(inspection.ListId, message, cancellationToken);
        await queue.SendAsync(QueueNames.UrlLists, [message], TimeSpan.Zero, cancellationToken);
        await events.AddEventAsync(
            new(
                time.GetUtcNow(), EventKinds.Submitted, inspection.ListId, who,
                $"Submitted {name}: {Amount.Of(inspection.Inputs, "input")}."),
            cancellationToken);
        return entry;
    }

    /// <summary>Keeps a copy of a list.</summary>
    /// <param name="list">The list.</param>
    /// <param name="name">Name of the copy; it gets the extension of the list's name.</param>
    /// <param name="folder">Where to keep it.</param>
    /// <param name="cancellationToken">Stops the copy.</param>
    /// <returns>Where the copy is.</returns>
    public async Task<ListPointer> KeepAsync(
        OfferedList list, string name, ObjectUri folder, CancellationToken cancellationToken)
    {
        var copy = folder.Append(name + ExtensionOf(list.Label.Name));
        await using (var content = list.Open())
            await objects.WriteAsync(copy, content, cancellationToken);
        return new(copy.ToString(), list.Label.SharedInputs) { UrlColumn = list.Label.UrlColumn };
    }

    private static async Task<ListPointer?> ReadPointerAsync(OfferedList list, CancellationToken cancellationToken)
    {
        await using var content = list.Open();
        var bytes = new byte[MaxPointerBytes + 1];
        var length = await content.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
        return length > MaxPointerBytes ? null : ListPointer.Read(bytes.AsMemory(0, length));
    }

    // The sender chose the file name, so only an extension that names a format is kept.
    private static string ExtensionOf(string name) =>
        Path.GetExtension(name) is { Length: > 1 and < 9 } extension
            && extension.AsSpan(1).IndexOfAnyExcept(Letters) < 0
            ? extension
            : ".txt";
}

using Microsoft.Extensions.Options;
using Pipeline.Intake.Reading;
using Pipeline.Model;
using Pipeline.Model.Series;
using Pipeline.Options;
using Pipeline.Ports;
using Pipeline.Stores;

namespace Pipeline.Intake;

/// <summary>What a caller says about a list that it sends.</summary>
/// <param name="Name">Its name, for people.</param>
/// <param name="ListId">An id that overrides the list's own; null for none.</param>
/// <param name="UrlColumn">Name of the URL column of a CSV list; null for <c>url</c>.</param>
/// <param name="Series">What is said about its series.</param>
internal sealed record ListLabel(string Name, string? ListId, string? UrlColumn, SeriesFields Series);

/// <summary>Takes a list from a caller: checks it, keeps a copy for Intake, and sends its message.</summary>
internal sealed class ListSender(
    ILedger ledger, IWorkQueue queue, ObjectStores objects, IOptions<PipelineOptions> options, TimeProvider time)
{
    private const int MaxPointerBytes = 256 * 1024;

    /// <summary>Sends a list, or a pointer to one. To send the same again does no harm.</summary>
    /// <param name="content">The list's bytes, which can be read several times.</param>
    /// <param name="label">What the caller says about it.</param>
    /// <param name="folder">Where lists are kept for Intake.</param>
    /// <param name="cancellationToken">Stops between two steps; the same call goes on.</param>
    /// <exception cref="PipelineException">
    /// Permanent: the list cannot be accepted. Transient: a store is unavailable.
    /// </exception>
    public async Task<ListInspection> SendAsync(
        Stream content, ListLabel label, ObjectUri folder, CancellationToken cancellationToken)
    {
        var pointer = await ReadPointerAsync(content, cancellationToken);
        var source = pointer is null
            ? new ListSource(_ => new(Rewound(content)), label.Name) { UrlColumn = label.UrlColumn }
            : ListSource.Of(pointer, objects, options.Value.Intake);
        var list = await ListInspector.InspectAsync(
            source, pointer?.SharedInputs, options.Value.Intake, label.ListId ?? pointer?.ListId,
            label.Series.Or(pointer?.Series ?? default), cancellationToken);
        var entry = await new ListRegistration(ledger, time).AcceptAsync(list, label.Name, cancellationToken);
        if (entry.State != ListState.Planning)
            return list;
        if (pointer is null)
        {
            var copy = folder.Append(list.ListId + Path.GetExtension(label.Name));
            await objects.WriteAsync(copy, Rewound(content), cancellationToken);
            pointer = new ListPointer(copy.ToString()) { UrlColumn = label.UrlColumn };
        }

        pointer = pointer with
        {
            ListId = list.ListId,
            Name = pointer.Name ?? label.Name,
            Form = list.Form,
            ContentHash = list.ContentHash,
            Series = label.Series.Or(pointer.Series),
        };
        await queue.SendAsync(QueueNames.UrlLists, [pointer.ToMessage()], TimeSpan.Zero, cancellationToken);
        return list;
    }

    private static async Task<ListPointer?> ReadPointerAsync(Stream content, CancellationToken cancellationToken)
    {
        if (content.Length > MaxPointerBytes)
            return null;
        var bytes = new byte[content.Length];
        await Rewound(content).ReadExactlyAsync(bytes, cancellationToken);
        return ListPointer.Read(bytes);
    }

    // A reader disposes its stream, and the content is read again.
    private static NonClosingStream Rewound(Stream content)
    {
        content.Position = 0;
        return new(content);
    }

    private sealed class NonClosingStream(Stream content) : IO.ForwardStream
    {
        public override ValueTask<int> ReadAsync(
            Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            content.ReadAsync(buffer, cancellationToken);
    }
}

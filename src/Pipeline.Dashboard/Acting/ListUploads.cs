using Microsoft.Extensions.Options;
using Pipeline.Intake;
using Pipeline.Intake.Reading;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Ports;
using Pipeline.Ports.Reading;
using Pipeline.Stores;

namespace Pipeline.Dashboard.Acting;

/// <summary>A list that somebody sends.</summary>
/// <param name="Name">Its name for people.</param>
/// <param name="Open">Opens its content, as often as needed.</param>
internal sealed record Upload(string Name, Func<Stream> Open);

/// <summary>Checks lists that somebody sends, and submits them as <c>pipeline submit</c> does.</summary>
internal sealed class ListUploads(
    ILedger ledger, IWorkQueue queue, ObjectStores objects, IEventLog events, DashboardPlace place,
    IOptions<PipelineOptions> options, TimeProvider time)
{
    /// <summary>Largest list that is taken, in bytes. Longer ones are put where a list may point to.</summary>
    public const long MaxBytes = 64 << 20;

    private readonly ListRegistration _admission = new(ledger, time);

    /// <summary>Reads a list without storing anything.</summary>
    /// <exception cref="PipelineException">Permanent: it cannot be accepted; the message says why.</exception>
    public Task<ListInspection> InspectAsync(Upload upload, CancellationToken cancellationToken) =>
        ListInspector.InspectAsync(
            new(_ => ValueTask.FromResult(upload.Open()), upload.Name), null, options.Value.Intake,
            cancellationToken: cancellationToken);

    /// <summary>Submits a list. The same list again does nothing.</summary>
    /// <param name="upload">The list.</param>
    /// <param name="who">Who sends it, for the log of events.</param>
    /// <param name="cancellationToken">Stops the attempt.</param>
    /// <returns>The list's entry.</returns>
    /// <exception cref="PipelineException">Permanent: it cannot be accepted; the message says why.</exception>
    public async Task<ListEntry> SubmitAsync(Upload upload, string who, CancellationToken cancellationToken)
    {
        var list = await InspectAsync(upload, cancellationToken);
        var name = list.Name ?? upload.Name;
        var entry = await _admission.AcceptAsync(list, name, cancellationToken);
        if (entry.State != ListState.Planning)
            return entry;
        var copy = place.ListFolder!.Append(list.ListId + ExtensionOf(upload.Name));
        await using (var content = upload.Open())
            await objects.WriteAsync(copy, content, cancellationToken);
        var pointer = new ListPointer(copy.ToString(), null, list.ListId, name)
        {
            Form = list.Form,
            ContentHash = list.ContentHash,
        };
        await queue.SendAsync(QueueNames.UrlLists, [pointer.ToMessage()], TimeSpan.Zero, cancellationToken);
        await events.AddEventAsync(
            new(
                time.GetUtcNow(), EventKinds.Submitted, list.ListId, who,
                $"Submitted {name}: {Amount.Of(list.Inputs, "input")}."),
            cancellationToken);
        return entry;
    }

    // The name of a file is a stranger's; only an extension that says something about the format is kept.
    private static string ExtensionOf(string name) =>
        Path.GetExtension(name) is { Length: > 1 and < 9 } extension
            && extension.AsSpan(1).IndexOfAnyExcept(Letters) < 0
            ? extension
            : ".txt";

    private static readonly System.Buffers.SearchValues<char> Letters = System.Buffers.SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
}

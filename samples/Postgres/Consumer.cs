using Npgsql;
using Pipeline.Records;

namespace Pipeline.Samples.Postgres;

/// <summary>Takes one message after the other and stores its records in one transaction.</summary>
internal sealed class Consumer(RecordQueueReader reader, PageTable pages)
{
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(1);

    public async Task RunAsync(bool untilEmpty, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            await using var part = await reader.ReceiveAsync(cancellationToken);
            if (part is not null)
                await HandleAsync(part, cancellationToken);
            else if (untilEmpty)
                return;
            else
                await Task.Delay(Wait, TimeProvider.System, cancellationToken);
        }
    }

    /// <summary>
    /// Commits before it completes the message. Killed between the two, the message comes again, and finds the ids in
    /// the table.
    /// </summary>
    private async Task HandleAsync(ReceivedPart part, CancellationToken cancellationToken)
    {
        try
        {
            var stored = await pages.StoreAsync(part.ReadAsync(cancellationToken), cancellationToken);
            await part.CompleteAsync(cancellationToken);
            Console.WriteLine($"{part.Message.Uri.AbsolutePath}: {stored} new of {part.Message.Records.Count} records");
        }
        // A record that cannot be read or stored, or a database that is restarted: the message comes again, and after
        // five tries goes to queue records-poison.
        catch (Exception e) when (e is RecordException or NpgsqlException { IsTransient: true })
        {
            Console.Error.WriteLine($"again: {e.Message}");
        }
    }
}

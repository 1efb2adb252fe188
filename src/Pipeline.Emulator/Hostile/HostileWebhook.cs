using System.Net;
using System.Text.Json.Nodes;
using Pipeline.Emulator.Api.Tasks;
using Pipeline.Emulator.Store;

namespace Pipeline.Emulator.Hostile;

/// <summary>Makes the body of a webhook, honest or hostile.</summary>
internal static class HostileWebhook
{
    private const int MadeUpIds = 10_000;

    /// <summary>Makes the body that was drawn when the task was created.</summary>
    /// <param name="task">The task.</param>
    /// <param name="honest">The honest body.</param>
    /// <param name="time">The clock for a dripping body.</param>
    public static HttpContent Content(TaskRow task, ReadOnlyMemory<byte> honest, TimeProvider time) =>
        task.Faults.HostileWebhook switch
    {
        null => new ReadOnlyMemoryContent(honest),
        "ids" => new StringContent(new JsonObject
        {
            ["tasks"] = new JsonArray([.. Enumerable.Range(0, MadeUpIds).Select(_ => TaskIdForms.New())]),
        }.ToJsonString()),
        "bomb" => new ReadOnlyMemoryContent(GzipBomb.Bytes),
        "drip" => new DrippingContent(honest, time),
        var kind => new PiecesContent(HostileJson.Spoil(honest, kind, [], task.Faults.Draw)),
    };

    /// <summary>A body that is never in memory as a whole: some have many megabytes.</summary>
    private sealed class PiecesContent(IEnumerable<ReadOnlyMemory<byte>> pieces) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(
            Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            foreach (var piece in pieces)
                await stream.WriteAsync(piece, cancellationToken);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }

    /// <summary>A body that is sent at one byte every two seconds.</summary>
    private sealed class DrippingContent(ReadOnlyMemory<byte> bytes, TimeProvider time) : HttpContent
    {
        private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(
            Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            for (var at = 0; at < bytes.Length; at++)
            {
                await stream.WriteAsync(bytes.Slice(at, 1), cancellationToken);
                await stream.FlushAsync(cancellationToken);
                await Task.Delay(Pause, time, cancellationToken);
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = bytes.Length;
            return true;
        }
    }
}

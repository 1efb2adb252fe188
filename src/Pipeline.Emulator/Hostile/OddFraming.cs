using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Connections.Features;

namespace Pipeline.Emulator.Hostile;

/// <summary>
/// Malformed HTTP answers, written to the connection directly because the server would refuse to send them.
/// </summary>
internal static class OddFraming
{
    private const string Json = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    private const string Chunked = Json + "Transfer-Encoding: chunked\r\n\r\n";

    private static readonly string[] Answers =
    [
        // Chunk sizes that are larger than 64 bits, negative, missing, or larger than the chunk; a huge chunk
        // extension.
        Chunked + "FFFFFFFFFFFFFFFF\r\n{}",
        Chunked + "-2\r\n{}\r\n0\r\n\r\n",
        Chunked + "\r\n{}\r\n0\r\n\r\n",
        Chunked + "7FFFFFFF\r\n{}",
        Chunked + "2;" + new string('x', 4 << 20) + "\r\n{}\r\n0\r\n\r\n",
        // Far too many trailers, a huge header, and far too many interim answers.
        Chunked + "2\r\n{}\r\n0\r\n" + string.Concat(Enumerable.Repeat("X-Trailer: x\r\n", 200_000)) + "\r\n",
        Json + "X-Header: " + new string('x', 4 << 20) + "\r\nContent-Length: 2\r\n\r\n{}",
        string.Concat(Enumerable.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 100_000)) + Json
            + "Content-Length: 2\r\n\r\n{}",
        // Two lengths, and two answers to one request.
        Json + "Content-Length: 2\r\nContent-Length: 20\r\n\r\n{}",
        Json + "Content-Length: 2\r\n\r\n{}" + Json + "Content-Length: 2\r\n\r\n{}",
    ];

    /// <summary>The number of different answers.</summary>
    public static int Count => Answers.Length;

    /// <summary>Sends one of them and closes the connection.</summary>
    public static async Task SendAsync(HttpContext context, ulong draw)
    {
        if (context.Features.Get<IConnectionTransportFeature>()?.Transport.Output is { } wire)
            await WriteAsync(wire, Answers[draw % (ulong)Answers.Length], context.RequestAborted);
        context.Abort();
    }

    private static async Task WriteAsync(PipeWriter wire, string answer, CancellationToken cancellationToken)
    {
        try
        {
            await wire.WriteAsync(Encoding.ASCII.GetBytes(answer), cancellationToken);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or InvalidOperationException)
        {
            // The client has closed the connection.
        }
    }
}

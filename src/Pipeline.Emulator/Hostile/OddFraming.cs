using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Connections.Features;

namespace Pipeline.Emulator.Hostile;

/// <summary>Answers that are not HTTP as it should be, written past the server that would refuse to.</summary>
internal static class OddFraming
{
    private const string Json = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    private const string Chunked = Json + "Transfer-Encoding: chunked\r\n\r\n";

    private static readonly string[] s_answers =
    [
        // A chunk size beyond 64 bits, a negative one, none at all, one that is more than there is.
        Chunked + "FFFFFFFFFFFFFFFF\r\n{}",
        Chunked + "-2\r\n{}\r\n0\r\n\r\n",
        Chunked + "\r\n{}\r\n0\r\n\r\n",
        Chunked + "7FFFFFFF\r\n{}",
        Chunked + "2;" + new string('x', 4 << 20) + "\r\n{}\r\n0\r\n\r\n",
        // Trailers, a header, and interim answers without end.
        Chunked + "2\r\n{}\r\n0\r\n" + string.Concat(Enumerable.Repeat("X-Trailer: x\r\n", 200_000)) + "\r\n",
        Json + "X-Header: " + new string('x', 4 << 20) + "\r\nContent-Length: 2\r\n\r\n{}",
        string.Concat(Enumerable.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 100_000)) + Json + "Content-Length: 2\r\n\r\n{}",
        // Two lengths, and a body that two answers share.
        Json + "Content-Length: 2\r\nContent-Length: 20\r\n\r\n{}",
        Json + "Content-Length: 2\r\n\r\n{}" + Json + "Content-Length: 2\r\n\r\n{}",
    ];

    /// <summary>How many such answers there are.</summary>
    public static int Count => s_answers.Length;

    /// <summary>Sends one of them and closes the connection.</summary>
    public static async Task SendAsync(HttpContext context, ulong draw)
    {
        if (context.Features.Get<IConnectionTransportFeature>()?.Transport.Output is { } wire)
            await WriteAsync(wire, s_answers[draw % (ulong)s_answers.Length], context.RequestAborted);
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
            // The client has had enough.
        }
    }
}

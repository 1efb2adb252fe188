using Microsoft.AspNetCore.Http.Features;
using Pipeline.Emulator.Faults;
using Pipeline.Emulator.Store;

namespace Pipeline.Emulator.Hostile;

/// <summary>
/// Sends hostile replies to requests about marked submissions. The endpoints tell it which requests those are. It
/// buffers
/// each reply, and then sends it unchanged or spoilt.
/// </summary>
internal sealed class HostileReplies(FaultInjector faults, TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    private long _replies;
    private volatile bool _hasMarked;

    /// <summary>
    /// Tells which inputs a reply is about. If one of them is marked, this reply and all lists from now on may be
    /// hostile.
    /// </summary>
    public void TargetReply(HttpContext context, IEnumerable<string> inputs, DeliveryRequest delivery)
    {
        if (!faults.IsHostile || !inputs.Any(HostileMark.IsOn))
            return;
        _hasMarked = true;
        context.Items[typeof(Target)] = new Target("hostile_reply", delivery.CallbackUrl);
    }

    /// <summary>Tells that a reply is a list of tasks or batches.</summary>
    /// <returns>The false start of the next page, which makes the list endless; null for an honest list.</returns>
    public long? TargetList(HttpContext context)
    {
        if (!faults.IsHostile || !_hasMarked)
            return null;
        context.Items[typeof(Target)] = new Target("hostile_reply", null);
        var index = Interlocked.Increment(ref _replies);
        return faults.Hostile("hostile_list", index) switch
        {
            null => null,
            "repeat" => long.MaxValue,
            _ => long.MaxValue - index,
        };
    }

    /// <summary>Runs an endpoint, and spoils its answer if a hostile reply is drawn for it.</summary>
    public async Task SendAsync(HttpContext context, Func<Task> honestly)
    {
        if (!faults.IsHostile)
        {
            await honestly();
            return;
        }

        var plain = context.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        using var held = new MemoryStream();
        var holding = new StreamResponseBodyFeature(held, plain);
        context.Features.Set<IHttpResponseBodyFeature>(holding);
        try
        {
            await honestly();
            await holding.Writer.FlushAsync(context.RequestAborted);
        }
        finally
        {
            context.Features.Set(plain);
        }

        var reply = held.GetBuffer().AsMemory(0, (int)held.Length);
        var index = Interlocked.Increment(ref _replies);
        if (context.RequestAborted.IsCancellationRequested)
            return;
        if (context.Items[typeof(Target)] is Target target && faults.Hostile(target.Fault, index) is { } kind
            && context.Response.StatusCode == 200)
            await SpoilAsync(context, reply, kind, faults.Draw("hostile", index), target);
        else
            await context.Response.Body.WriteAsync(reply, context.RequestAborted);
    }

    private async Task SpoilAsync(
        HttpContext context, ReadOnlyMemory<byte> reply, string kind, ulong draw, Target target)
    {
        context.Response.ContentLength = null;
        switch (kind)
        {
            case "framing":
                await OddFraming.SendAsync(context, draw);
                break;
            case "drip" or "stall":
                var fault = kind == "drip" ? BodyFault.Drip : BodyFault.Stall;
                var raw = context.Response.Body;
                await using (var body = new CorruptedBody(context, raw, fault, time) { GoodBytes = 0 })
                    await body.WriteAsync(reply, context.RequestAborted);
                break;
            case "endless":
                await WriteEndlesslyAsync(context, reply);
                break;
            case "bomb":
                context.Response.Headers.ContentEncoding = "gzip";
                await context.Response.Body.WriteAsync(GzipBomb.Bytes, context.RequestAborted);
                break;
            default:
                // Clients show error messages, so secrets and terminal controls go into an error.
                if (kind is "secret" or "control" && HttpMethods.IsPost(context.Request.Method))
                    context.Response.StatusCode = StatusCodes.Status500InternalServerError;
                foreach (var piece in HostileJson.Spoil(reply, kind, SecretsOf(context, target), draw))
                    await context.Response.Body.WriteAsync(piece, context.RequestAborted);
                break;
        }
    }

    /// <summary>Sends all of a reply but its end, and then spaces for as long as the client reads.</summary>
    private async Task WriteEndlesslyAsync(HttpContext context, ReadOnlyMemory<byte> reply)
    {
        await context.Response.Body.WriteAsync(reply[..^1], context.RequestAborted);
        var spaces = new byte[16 * 1024];
        spaces.AsSpan().Fill((byte)' ');
        while (true)
        {
            await context.Response.Body.WriteAsync(spaces, context.RequestAborted);
            await Task.Delay(Pause, time, context.RequestAborted);
        }
    }

    private static IEnumerable<string> SecretsOf(HttpContext context, Target target)
    {
        yield return context.Request.Headers.Authorization.ToString().Split(' ')[^1];
        if (target.CallbackUrl is { } url)
            yield return url;
    }

    /// <summary>A reply that may be hostile: the fault that decides, and the submission's callback URL.</summary>
    private sealed record Target(string Fault, string? CallbackUrl);
}

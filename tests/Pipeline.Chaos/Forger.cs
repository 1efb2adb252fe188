using System.Net;
using System.Text;
using Microsoft.Extensions.Options;
using Pipeline.Delivery;
using Pipeline.Http.Retrying;
using Pipeline.Options;

namespace Pipeline.Chaos;

/// <summary>Sends webhooks that are not the API's: wrong tokens on the paths of submissions that there really are, whenever somebody listens.</summary>
/// <param name="http">Sends.</param>
/// <param name="api">The emulator, which tells the submissions.</param>
/// <param name="listen">The port of the callbacks.</param>
/// <param name="keyFile">The key that the workers made, from which the right tokens follow.</param>
/// <param name="seed">What is chosen by chance follows from it.</param>
internal sealed class Forger(HttpClient http, Uri api, int listen, string keyFile, int seed)
{
    private static readonly string[] Bodies =
    [
        """{"status":"success","task":{"id":"11111111-2222-4333-8444-555555555555"}}""", """{"id":"../../etc/passwd"}""", "", "{", new string('[', 3000),
        $$"""{"status":"{{new string('x', 60_000)}}"}""",
    ];

    private int _sent;
    private int _answered;
    private int _errors;
    private IReadOnlyList<string> _told = [];

    /// <summary>What was answered to webhooks that were let in.</summary>
    public List<string> LetIn { get; } = [];

    /// <summary>How many were answered at all.</summary>
    public int Answered => Volatile.Read(ref _answered);

    /// <summary>How many by 5xx: not let in, but not refused as such either.</summary>
    public int AnsweredByError => _errors;

    /// <summary>Sends until it is stopped.</summary>
    public Task RunAsync(int senders, TimeSpan pause, CancellationToken stop) =>
        Task.WhenAll(Enumerable.Range(0, senders).Select(sender => Task.Run(() => SendAsync(new Random(seed + sender), pause, stop), CancellationToken.None)));

    private async Task SendAsync(Random random, TimeSpan pause, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                if (Interlocked.Increment(ref _sent) % 200 == 1)
                    _told = await CallbackPathsAsync();
                await SendOneAsync(random);
                if (pause > TimeSpan.Zero)
                    await Task.Delay(pause, TimeProvider.System, CancellationToken.None);
            }
            catch (Exception problem) when (Faults.IsOfConnection(problem, CancellationToken.None))
            {
                // Nobody listens, or who did was killed or frozen over it.
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, CancellationToken.None);
            }
        }
    }

    /// <summary>The real paths. The emulator shows them without their tokens.</summary>
    private async Task<IReadOnlyList<string>> CallbackPathsAsync()
    {
        var paths = await Auditor.CallbackPathsAsync(http, api);
        if (paths.Count == 0)
            return [];
        var options = new PipelineOptions { Delivery = { CallbackBase = new("http://localhost") } };
        options.Delivery.CallbackKeys.Add(await File.ReadAllTextAsync(keyFile));
        var tokens = new CallbackTokens(Microsoft.Extensions.Options.Options.Create(options));
        return [.. paths.Select(path => tokens.UrlFor(path.Split('/')[^2])!.AbsolutePath)];
    }

    private async Task SendOneAsync(Random random)
    {
        var told = _told;
        var real = told.Count == 0 ? "/api/callbacks/none/none" : told[random.Next(told.Count)];
        using var body = new StringContent(Bodies[random.Next(Bodies.Length)], Encoding.UTF8, "application/json");
        using var answer = await http.PostAsync(new Uri($"http://127.0.0.1:{listen}{Forge(random, real, told)}"), body);
        Interlocked.Increment(ref _answered);
        if (answer.StatusCode >= HttpStatusCode.InternalServerError)
            Interlocked.Increment(ref _errors);
        else if (answer.StatusCode is not (HttpStatusCode.Unauthorized or HttpStatusCode.TooManyRequests or HttpStatusCode.NotFound))
            lock (LetIn)
                LetIn.Add($"a forged webhook was answered {(int)answer.StatusCode}");
    }

    /// <summary>A real path with a token that is not its own.</summary>
    private static string Forge(Random random, string real, IReadOnlyList<string> told)
    {
        var slash = real.LastIndexOf('/') + 1;
        var token = real[slash..];
        var other = told.Count == 0 ? "x" : told[random.Next(told.Count)];
        var made = random.Next(5) switch
        {
            0 => token[..^1],
            1 => token + token[^1],
            2 => token[..^1] + (token[^1] == '0' ? '1' : '0'),
            // The right token of another submission.
            3 when !other.StartsWith(real[..slash], StringComparison.Ordinal) => other[(other.LastIndexOf('/') + 1)..],
            _ => Random(random),
        };
        return real[..slash] + made;
    }

    private static string Random(Random random)
    {
        var token = new byte[32];
        random.NextBytes(token);
        return Convert.ToHexStringLower(token);
    }
}

using System.Net;
using System.Text;
using Pipeline.Delivery;
using Pipeline.Http.Retrying;
using Pipeline.Options;

namespace Pipeline.Chaos;

/// <summary>Sends forged webhooks: wrong tokens on the callback paths of real submissions.</summary>
/// <param name="http">Sends the webhooks.</param>
/// <param name="api">The emulator, which lists the submissions.</param>
/// <param name="listen">The port that serves callbacks.</param>
/// <param name="keyFile">The workers' callback key, from which the right tokens are derived.</param>
/// <param name="seed">Seed of the random choices.</param>
internal sealed class Forger(HttpClient http, Uri api, int listen, string keyFile, int seed)
{
    private static readonly string[] Bodies =
    [
        """{"status":"success","task":{"id":"11111111-2222-4333-8444-555555555555"}}""",
            """{"id":"../../etc/passwd"}""", "", "{", new string('[', 3000),
        $$"""{"status":"{{new string('x', 60_000)}}"}""",
    ];

    private int _sent;
    private int _answered;
    private int _errors;
    private IReadOnlyList<string> _told = [];

    /// <summary>The answers to forged webhooks that were accepted.</summary>
    public List<string> LetIn { get; } = [];

    /// <summary>Number of webhooks that were answered.</summary>
    public int Answered => Volatile.Read(ref _answered);

    /// <summary>Number of webhooks answered with 5xx: neither accepted nor properly refused.</summary>
    public int AnsweredByError => _errors;

    /// <summary>Sends webhooks until it is cancelled.</summary>
    public Task RunAsync(int senders, TimeSpan pause, CancellationToken stop) =>
        Task.WhenAll(
            Enumerable.Range(0, senders).Select(
                sender => Task.Run(() => SendAsync(new Random(seed + sender), pause, stop), CancellationToken.None)));

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
                // Nobody is listening, or the listener was killed or frozen.
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, CancellationToken.None);
            }
        }
    }

    /// <summary>The real callback paths, with tokens; the emulator lists them without.</summary>
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
        else if (answer.StatusCode
            is not (HttpStatusCode.Unauthorized or HttpStatusCode.TooManyRequests or HttpStatusCode.NotFound))
            lock (LetIn)
                LetIn.Add($"a forged webhook was answered with {(int)answer.StatusCode}");
    }

    /// <summary>Puts a wrong token on a real path.</summary>
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

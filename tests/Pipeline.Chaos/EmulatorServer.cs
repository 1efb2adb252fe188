using Pipeline.Http.Retrying;

namespace Pipeline.Chaos;

/// <summary>The emulator of the API, in a process that can be killed and restarted.</summary>
internal sealed class EmulatorServer(Installation installation, HttpClient http, string folder) : IDisposable
{
    private readonly int _port = Child.FreePort();
    private Child? _server;

    /// <summary>Whether it runs, and the end of its output.</summary>
    public string State =>
        _server is not { } server
            ? "was never started"
            : $"{(server.HasEnded ? "has ended" : "runs")}: {server.LastWords}";

    /// <summary>Processor time that it has used since its last start.</summary>
    public TimeSpan ProcessorTime => _server?.ProcessorTime ?? TimeSpan.Zero;

    public Uri Api => new($"http://127.0.0.1:{_port}/");

    /// <summary>Starts it with faults.</summary>
    public async Task StartAsync(string faults)
    {
        _server = installation.Start(
            ["emulator", "--urls", Api.AbsoluteUri, "--data", folder, "--storage", "own", "--faults", faults], []);
        for (var tries = 0; tries < 600; tries++)
        {
            try
            {
                using var answer = await http.GetAsync(new Uri(Api, "_admin/faults"));
                return;
            }
            catch (Exception problem) when (Faults.IsOfConnection(problem, CancellationToken.None))
            {
                if (await _server.WaitAsync(TimeSpan.FromMilliseconds(50)) is not null)
                    break;
            }
        }

        throw new InvalidOperationException($"The emulator did not start: {_server.LastWords}");
    }

    public async Task KillAsync()
    {
        await _server!.KillAsync();
        _server.Dispose();
    }

    /// <summary>Replaces the faults; existing tasks keep theirs.</summary>
    public async Task SetFaultsAsync(IEnumerable<KeyValuePair<string, string>> faults)
    {
        using var body = new StringContent(System.Text.Json.JsonSerializer.Serialize(faults.ToDictionary()));
        using var answer = await http.PutAsync(new Uri(Api, "_admin/faults"), body);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>How long it takes to answer at the moment.</summary>
    public async Task<TimeSpan> AnswerTimeAsync()
    {
        var started = TimeProvider.System.GetTimestamp();
        using var answer = await http.GetAsync(new Uri(Api, "_admin/faults"));
        return TimeProvider.System.GetElapsedTime(started);
    }

    public void Dispose() => _server?.Dispose();
}

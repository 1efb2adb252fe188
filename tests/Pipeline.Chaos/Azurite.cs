namespace Pipeline.Chaos;

/// <summary>Azure Storage on this machine. It keeps its tables in memory and writes them to disk when told to end, so it is stopped by SIGTERM: SIGKILL would lose what it has acknowledged, as the real one does not.</summary>
internal sealed class Azurite(string folder) : IDisposable
{
    public const string Account = "chaos";
    public const string Key = "cGlwZWxpbmUtY2hhb3M=";
    private readonly int[] _ports = [Child.FreePort(), Child.FreePort(), Child.FreePort()];
    private Child? _server;

    public string ConnectionString =>
        $"DefaultEndpointsProtocol=http;AccountName={Account};AccountKey={Key};BlobEndpoint=http://127.0.0.1:{_ports[0]}/{Account};"
        + $"QueueEndpoint=http://127.0.0.1:{_ports[1]}/{Account};TableEndpoint=http://127.0.0.1:{_ports[2]}/{Account};";

    public async Task StartAsync()
    {
        _server = Installation.StartAzurite(folder, _ports);
        for (var tries = 0; _server.LineThatBegins("ready") is null; tries++)
            if (await _server.WaitAsync(TimeSpan.FromMilliseconds(50)) is not null || tries > 1200)
                throw new InvalidOperationException($"Azurite does not start: {_server.LastWords}");
    }

    public async Task StopAsync()
    {
        await _server!.SignalAsync("TERM");
        if (await _server.WaitAsync(TimeSpan.FromSeconds(20)) is null)
            throw new InvalidOperationException($"Azurite does not end: {_server.LastWords}");
        _server.Dispose();
    }

    public void Dispose() => _server?.Dispose();
}

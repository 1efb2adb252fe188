namespace Pipeline.Chaos;

/// <summary>
/// Azure Storage on this machine. It is stopped with SIGTERM, because it writes its tables to disk only when it ends:
/// SIGKILL would lose acknowledged writes, which the real service never does.
/// </summary>
internal sealed class Azurite(string folder) : IDisposable
{
    public const string Account = "chaos";
    public const string Key = "cGlwZWxpbmUtY2hhb3M=";
    private readonly int[] _ports = [Child.FreePort(), Child.FreePort(), Child.FreePort()];
    private Child? _server;

    public string ConnectionString =>
        $"DefaultEndpointsProtocol=http;AccountName={Account};AccountKey={Key};BlobEndpoint=http://"
            + $"127.0.0.1:{_ports[0]}/{Account};"
        + $"QueueEndpoint=http://127.0.0.1:{_ports[1]}/{Account};TableEndpoint=http://127.0.0.1:{_ports[2]}/{Account};";

    public async Task StartAsync()
    {
        _server = Installation.StartAzurite(folder, _ports);
        for (var tries = 0; _server.LineThatBegins("ready") is null; tries++)
            if (await _server.WaitAsync(TimeSpan.FromMilliseconds(50)) is not null || tries > 1200)
                throw new InvalidOperationException($"Azurite did not start: {_server.LastWords}");
    }

    public async Task StopAsync()
    {
        await _server!.SignalAsync("TERM");
        if (await _server.WaitAsync(TimeSpan.FromSeconds(20)) is null)
            throw new InvalidOperationException($"Azurite did not stop: {_server.LastWords}");
        _server.Dispose();
    }

    public void Dispose() => _server?.Dispose();
}

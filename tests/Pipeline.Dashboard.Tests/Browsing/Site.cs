using Pipeline.Tests.Support;

namespace Pipeline.Dashboard.Tests.Browsing;

/// <summary>A real <c>pipeline serve</c> over the embedded emulator, in a folder of its own.</summary>
internal sealed class Site : IAsyncDisposable
{
    private readonly TempFolder _folder = new();
    private CliProcess _process = null!;

    /// <summary>Where its pages are.</summary>
    public Uri Address { get; } = new($"http://127.0.0.1:{CliProcess.FreePort()}/");

    public static async Task<Site> StartAsync(string faults = "", params (string Name, string Value)[] environment)
    {
        var site = new Site();
        string[] options = faults.Length > 0 ? ["--faults", faults] : [];
        site._process = CliProcess.Start(
            ["serve", .. site.Folders, "--listen", site.Address.AbsoluteUri, .. options], environment);
        await site._process.WaitForAsync("Serving ");
        return site;
    }

    /// <summary>Submits a list by the command and returns its id.</summary>
    public async Task<string> SubmitAsync(string name, params IEnumerable<string> lines)
    {
        await File.WriteAllLinesAsync(_folder[name], lines, TestContext.Current.CancellationToken);
        var (exitCode, output, error) = await CliProcess.RunAsync(["submit", _folder[name], .. Folders]);
        Assert.True(exitCode == 0, error);
        return output.Trim();
    }

    public ValueTask DisposeAsync()
    {
        _process.Dispose();
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    private string[] Folders => ["--state", _folder["state"], "--out", _folder["out"]];
}

using System.Diagnostics;
using System.Text.Json;
using Pipeline.Tests.Docs;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Emulator;

/// <summary>The command as another project's tests use it.</summary>
public sealed class EmulatorCommandTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TheDocumentedLineGivesAnAddressAndEndsWithItsStarter()
    {
        const string fromClone = "dotnet run --project src/Pipeline.Cli -- ";
        var line = Assert.Single(
            DocumentedCommands.Blocks("docs/emulator.md"),
            command => command.Contains("--exit-with-stdin", StringComparison.Ordinal));
        Assert.StartsWith(fromClone, line, StringComparison.Ordinal);
        using var emulator = Start(line[fromClone.Length..]);

        var address = await AddressAsync(emulator);

        using var http = new HttpClient { BaseAddress = address };
        http.DefaultRequestHeaders.Authorization = new("Bearer", "any");
        foreach (var expected in new[] { 429, 429, 400 })
        {
            using var answer = await http.PostAsync("v1/extract/batch", new StringContent("{}"), Ct);
            Assert.Equal(expected, (int)answer.StatusCode);
        }
        emulator.StandardInput.Close();
        await emulator.WaitForExitAsync(Ct).WaitAsync(Limit, Ct);
        Assert.Equal(0, emulator.ExitCode);
        Assert.False(Directory.Exists(await FolderAsync(emulator)), "Its temporary folder is still there.");
    }

    [Fact]
    public async Task AClosedInputAloneStopsNothingAndSigtermDoes()
    {
        using var emulator = Start("emulator --port 0");
        emulator.StandardInput.Close();
        var address = await AddressAsync(emulator);
        using var http = new HttpClient { BaseAddress = address };
        Assert.Contains("No fault is on", await http.GetStringAsync("/", Ct));

        using (var kill = Process.Start("kill", ["-TERM", emulator.Id.ToString(
            System.Globalization.CultureInfo.InvariantCulture)]))
            await kill.WaitForExitAsync(Ct).WaitAsync(Limit, Ct);
        await emulator.WaitForExitAsync(Ct).WaitAsync(Limit, Ct);
        Assert.Equal(0, emulator.ExitCode);
        Assert.False(Directory.Exists(await FolderAsync(emulator)), "Its temporary folder is still there.");
    }

    private static Process Start(string arguments) => Process.Start(new ProcessStartInfo(
        CliProcess.Program[0], [.. CliProcess.Program.Skip(1), .. arguments.Split(' ')])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;

    private static async Task<Uri> AddressAsync(Process emulator)
    {
        var line = await emulator.StandardOutput.ReadLineAsync(Ct).AsTask().WaitAsync(Limit, Ct);
        var addresses = JsonElement.Parse(line!);
        var address = new Uri(addresses.GetProperty("address").GetString()!);
        Assert.Equal(new Uri(address, "s3").AbsoluteUri, addresses.GetProperty("s3").GetString());
        Assert.NotEqual(0, address.Port);
        return address;
    }

    /// <summary>The folder that the command printed.</summary>
    private static async Task<string> FolderAsync(Process emulator)
    {
        var said = await emulator.StandardError.ReadToEndAsync(Ct).WaitAsync(Limit, Ct);
        var start = said.IndexOf('\'', StringComparison.Ordinal) + 1;
        Assert.True(start > 0, said);
        return said[start..said.IndexOf('\'', start)];
    }
}

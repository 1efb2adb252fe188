using System.Diagnostics;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Infra;

/// <summary>infra/azure/hooks/callback-key.sh with an azd that only records its calls.</summary>
public sealed class CallbackKeyHookTests : IDisposable
{
    private readonly TempFolder _folder = new();

    [Fact]
    public async Task TheFirstRunMakesAKeyOf32BytesAndKeepsIt()
    {
        var (exitCode, calls, _) = await RunAsync([]);
        Assert.Equal(0, exitCode);
        var key = Assert.Single(calls)["env set CALLBACK_KEY ".Length..];
        Assert.Equal(32, Convert.FromBase64String(key).Length);
    }

    [Fact]
    public async Task AKeyThatExistsStays() =>
        Assert.Equal((0, 0), await ExitAndCallsAsync(("CALLBACK_KEY", "existing"), ("CI", "true")));

    [Theory]
    [InlineData("CI")]
    [InlineData("GITHUB_ACTIONS")]
    [InlineData("TF_BUILD")]
    public async Task ABuildAgentMakesNoKey(string variable) =>
        Assert.Equal((1, 0), await ExitAndCallsAsync((variable, "True")));

    [Theory]
    [InlineData("exit 127")]
    [InlineData("exit 0")]
    public async Task WithoutAKeyOfOpensslNothingIsSet(string openssl)
    {
        await AddProgramAsync("openssl", openssl);
        var (exitCode, calls, error) = await RunAsync([]);
        Assert.Equal(1, exitCode);
        Assert.Empty(calls);
        Assert.Contains("azd env set CALLBACK_KEY", error, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private async Task<(int ExitCode, int Calls)> ExitAndCallsAsync(params (string Name, string Value)[] variables)
    {
        var (exitCode, calls, _) = await RunAsync(variables);
        return (exitCode, calls.Length);
    }

    private async Task<(int ExitCode, string[] Calls, string Error)> RunAsync((string Name, string Value)[] variables)
    {
        Assert.SkipUnless(File.Exists("/bin/sh"), "There is no sh here.");
        var log = _folder["calls.txt"];
        await File.WriteAllTextAsync(log, "", TestContext.Current.CancellationToken);
        await AddProgramAsync("azd", $"echo \"$*\" >> '{log}'");
        var start = new ProcessStartInfo(
            "/bin/sh", [Path.Combine(Repository.Root, "infra", "azure", "hooks", "callback-key.sh")]);
        start.Environment.Clear();
        start.Environment["PATH"] = $"{_folder.Path}:/usr/bin:/bin";
        foreach (var (name, value) in variables)
            start.Environment[name] = value;
        var (exitCode, _, error) = await Programs.RunAsync(start);
        return (exitCode, await File.ReadAllLinesAsync(log, TestContext.Current.CancellationToken), error);
    }

    private async Task AddProgramAsync(string name, string script)
    {
        await File.WriteAllTextAsync(
            _folder[name], $"#!/bin/sh\n{script}\n", TestContext.Current.CancellationToken);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(
                _folder[name], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}

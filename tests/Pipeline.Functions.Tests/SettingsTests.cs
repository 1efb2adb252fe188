using System.Diagnostics;
using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Pipeline.Functions.Messages;
using Pipeline.Options;
using Pipeline.Settings;

namespace Pipeline.Functions.Tests;

public sealed class SettingsTests
{
    private const string Key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    [Fact]
    public void TheSampleFileCanBeUsedUnchanged()
    {
        var sample = JsonElement.Parse(
            File.ReadAllText(Path.Combine(Root(), "local.settings.sample.json"))).GetProperty("Values");

        var options = Apply(
            [
                .. sample.EnumerateObject().Select(
                    p => (p.Name.Replace("__", ":", StringComparison.Ordinal), p.Value.GetString()!))]);

        Assert.True(new PipelineOptionsValidator().Validate(null, options).Succeeded);
        Assert.Equal("s3://your-bucket/results/", options.Delivery.StorageUrl);
        Assert.Empty(options.Delivery.CallbackKeys);
        Assert.Null(options.Delivery.CallbackBase);
        Assert.Equal("dotnet-isolated", sample.GetProperty("FUNCTIONS_WORKER_RUNTIME").GetString());
    }

    [Theory]
    [InlineData(Key, "app.azurewebsites.net", null, "https://app.azurewebsites.net/")]
    [InlineData(Key, "app.azurewebsites.net", "https://hooks.example.com/", "https://hooks.example.com/")]
    [InlineData(Key, "localhost:7071", null, null)]
    [InlineData("", "app.azurewebsites.net", null, null)]
    public void TheCallbackBaseIsTheAppItselfIfThereIsAKey(string key, string host, string? given, string? expected)
    {
        var options = Apply(
            ("Pipeline:Delivery:CallbackKeys:0", key), ("WEBSITE_HOSTNAME", host),
            ("Pipeline:Delivery:CallbackBase", given ?? ""));

        Assert.Equal(expected, options.Delivery.CallbackBase?.AbsoluteUri);
    }

    [Fact]
    public void AllFaultsOfTheAppSettingsAreReportedTogether()
    {
        var faults =
            Assert.Throws<OptionsValidationException>(() => new ServiceCollection().AddPipelineFunctions(Configuration(
            ("Pipeline:Collect:MaxDepth", "abc"), (
                "Pipeline:Guards:MaxUrlsPerDy", "5"), ("AWS_REGION", "\"eu-west-1\""),
            ("Pipeline:Delivery:CallbackKeys:0", "@Microsoft.KeyVault(SecretUri=https://vault/key)")))).Failures;

        Assert.Equal(
        [
            "Pipeline__Delivery__CallbackKeys__0 is a Key Vault reference that Azure has not resolved. "
                + "Grant the app's identity Key Vault Secrets User.",
            "Pipeline__Collect__MaxDepth is 'abc'. Write a whole number from 1 to 1,000, such as 256.",
            "Pipeline__Guards__MaxUrlsPerDy is not a setting. Did you mean Pipeline__Guards__MaxUrlsPerDay?",
            "NIMBLE_API_KEY is not set. Set it to the key of your Nimble account.",
            "AWS_REGION is '\"eu-west-1\"'. Write a region, such as eu-west-1.",
            "No storage account is named. Set PipelineStorage or PipelineStorage__accountName; "
                + "AzureWebJobsStorage names the host's own account, which may be the same.",
        ], faults);
    }

    [Fact]
    public async Task AnAppWithInvalidSettingsEndsWithALineForEachAndNoStackTrace()
    {
        var start = new ProcessStartInfo("dotnet", [typeof(MessageRunner).Assembly.Location])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
            Environment =
                { ["NIMBLE_API_KEY"] = "key", ["PipelineStorage"] = "nonsense",
                    ["Pipeline__Sweep__TaskDeadline"] = "24:00:00" },
        };
        using var app = Process.Start(start)!;
        var (output, error) = (app.StandardOutput.ReadToEndAsync(Token), app.StandardError.ReadToEndAsync(Token));
        await app.WaitForExitAsync(Token);

        Assert.Equal(
            "Pipeline__Sweep__TaskDeadline is '24:00:00'. Write a time as [days.]hours:minutes:seconds "
                + "from 00:00:00.1 to 30.00:00:00, such as 1.00:00:00.\n"
                + "PipelineStorage is not a storage connection string. Copy it from the account's access keys, "
                + "or set PipelineStorage__accountName.\n",
            await error);
        Assert.Equal((2, ""), (app.ExitCode, await output));
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static IConfiguration Configuration(params IEnumerable<(string Name, string Value)> settings) =>
        new ConfigurationBuilder()
        .AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Name, (string?)s.Value))).Build();

    private static PipelineOptions Apply(params (string Name, string Value)[] settings)
    {
        var options = new PipelineOptions();
        FunctionsServices.Apply(
            options,
            new ConfigurationBuilder().AddInMemoryCollection(
                settings.Select(s => KeyValuePair.Create(s.Name, (string?)s.Value))).Build());
        return options;
    }

    private static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "local.settings.sample.json")))
            folder = Path.GetDirectoryName(folder)!;
        return folder;
    }
}

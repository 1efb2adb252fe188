using System.Text.Json;
using Microsoft.Extensions.Configuration;

namespace Pipeline.Functions.Tests;

public sealed class SettingsTests
{
    private const string Key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    [Fact]
    public void TheSampleFileCanBeUsedAsItIs()
    {
        var sample = JsonElement.Parse(File.ReadAllText(Path.Combine(Root(), "local.settings.sample.json"))).GetProperty("Values");

        var options = Apply([.. sample.EnumerateObject().Select(p => (p.Name.Replace("__", ":", StringComparison.Ordinal), p.Value.GetString()!))]);

        Assert.True(new PipelineOptionsValidator().Validate(null, options).Succeeded);
        Assert.Equal("s3://your-bucket/results/", options.Delivery.StorageUrl);
        Assert.Empty(options.Delivery.CallbackKeys);
        Assert.Null(options.Delivery.CallbackBase);
    }

    [Theory]
    [InlineData(Key, "app.azurewebsites.net", null, "https://app.azurewebsites.net/")]
    [InlineData(Key, "app.azurewebsites.net", "https://hooks.example.com/", "https://hooks.example.com/")]
    [InlineData(Key, "localhost:7071", null, null)]
    [InlineData("", "app.azurewebsites.net", null, null)]
    public void NimbleIsToldToCallTheAppItselfOnceThereIsAKey(string key, string host, string? given, string? expected)
    {
        var options = Apply(("Pipeline:Delivery:CallbackKeys:0", key), ("WEBSITE_HOSTNAME", host), ("Pipeline:Delivery:CallbackBase", given ?? ""));

        Assert.Equal(expected, options.Delivery.CallbackBase?.AbsoluteUri);
    }

    private static PipelineOptions Apply(params (string Name, string Value)[] settings)
    {
        var options = new PipelineOptions();
        FunctionsServices.Apply(options, new ConfigurationBuilder().AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Name, (string?)s.Value))).Build());
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

using Pipeline.Emulator;

namespace Pipeline.Functions.Tests.Host;

/// <summary>The app settings of a worker in tests.</summary>
internal static class AppSettings
{
    /// <summary>The API key that the emulator asks for.</summary>
    public const string ApiKey = "test-key-4711";

    /// <summary>Returns the settings of an app that posts to the emulator and reads its bucket.</summary>
    /// <param name="host">The host, to which webhooks come.</param>
    /// <param name="emulator">The emulator, which is the API and the bucket.</param>
    /// <param name="account">The connection string of the storage account.</param>
    public static Dictionary<string, string?> Of(FunctionsHost host, RunningEmulator emulator, string account) => new()
    {
        ["AzureWebJobsStorage"] = account,
        ["PipelineStorage"] = account,
        ["NIMBLE_API_KEY"] = ApiKey,
        ["AWS_ENDPOINT_URL_S3"] = emulator.S3Endpoint.AbsoluteUri,
        ["AWS_ACCESS_KEY_ID"] = "test",
        ["AWS_SECRET_ACCESS_KEY"] = "test",
        ["Pipeline:Nimble:BaseUrl"] = emulator.BaseAddress.AbsoluteUri,
        ["Pipeline:Nimble:RequestsPerSecond"] = "1000",
        ["Pipeline:Delivery:StorageUrl"] = "s3://results/app/",
        ["Pipeline:Delivery:CallbackBase"] = host.PublicAddress.AbsoluteUri,
        ["Pipeline:Delivery:CallbackKeys:0"] = Convert.ToBase64String(new byte[32]),
        ["Pipeline:Collect:RetryDelay"] = "00:00:00.1",
        ["Pipeline:Sweep:WebhookGrace"] = "00:00:01",
        ["Pipeline:Sweep:PollInterval"] = "00:00:00.2",
    };

    /// <summary>Starts an emulator with a bucket.</summary>
    /// <param name="folder">Its data.</param>
    /// <param name="faults">Its faults.</param>
    public static async Task<RunningEmulator> StartEmulatorAsync(string folder, string faults = "")
    {
        var emulator = await Pipeline.Emulator.Emulator.StartAsync(
            new()
            {
                DataFolder = folder,
                Faults = faults,
                ApiKey = ApiKey,
                Storage = StorageMode.Own,
                CallbackBackoff = TimeSpan.FromMilliseconds(50),
            },
            TestContext.Current.CancellationToken);
        await emulator.EnsureBucketAsync("results");
        return emulator;
    }
}

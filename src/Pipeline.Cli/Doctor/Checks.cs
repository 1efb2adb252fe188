using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Pipeline.Http;
using Pipeline.Nimble;
using Pipeline.Ports;
using Pipeline.Stores.Azure;
using Pipeline.Stores.Objects;

namespace Pipeline.Cli.Doctor;

/// <summary>One harmless question to each that a run depends on, and one line for each answer.</summary>
internal sealed class Checks(Uri? api, string? storageUrl, Uri? callbackBase)
{
    private const string QueueRole = "Storage Queue Data Contributor";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private bool _isWrong;
    private bool _isDown;

    /// <summary>Asks all.</summary>
    /// <returns>0: all work; 2: something must be set right; 1: something does not work at the moment.</returns>
    public async Task<int> RunAsync(TextWriter output, CancellationToken cancellationToken)
    {
        PipelineOptions? options = null;
        var stores = new ObjectStoreOptions();
        var services = default(ServiceProvider);
        await CheckAsync(output, "settings", _ =>
        {
            stores = ObjectStoreOptions.FromEnvironment() with { MaxTries = 2 };
            services = new ServiceCollection().AddLogging().AddPipeline(Apply).AddCloudObjects(stores).BuildServiceProvider();
            options = services.GetRequiredService<IOptions<PipelineOptions>>().Value;
            return Task.FromResult("all are usable");
        }, cancellationToken);
        await using var _ = services;
        if (options is not null)
        {
            await CheckAsync(output, "api", token => AskApiAsync(services!, options, token), cancellationToken);
            await CheckAsync(output, "bucket", token => AskBucketAsync(services!, options, stores, token), cancellationToken);
            await CheckAsync(output, "callback", token => AskCallbackAsync(options, token), cancellationToken);
        }

        await CheckAsync(output, "azure", AskAzureAsync, cancellationToken);
        return _isWrong ? ExitCodes.Usage : _isDown ? ExitCodes.Error : ExitCodes.Complete;
    }

    private void Apply(PipelineOptions options)
    {
        new ConfigurationBuilder().AddEnvironmentVariables().Build().GetSection("Pipeline").Bind(options);
        if (Environment.GetEnvironmentVariable("NIMBLE_API_KEY") is { Length: > 0 } key)
            options.Nimble.ApiKey = key;
        options.Nimble.BaseUrl = api ?? options.Nimble.BaseUrl;
        options.Delivery.StorageUrl = storageUrl ?? options.Delivery.StorageUrl;
        options.Delivery.CallbackBase = callbackBase ?? options.Delivery.CallbackBase;
    }

    private async Task CheckAsync(TextWriter output, string name, Func<CancellationToken, Task<string>> check, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(s_patience, TimeProvider.System);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        string answer;
        try
        {
            await output.WriteLineAsync($"{name,-9} ok      {await check(linked.Token)}");
            return;
        }
        catch (PipelineException e)
        {
            answer = e.Message;
            (_isWrong, _isDown) = (_isWrong || e.IsPermanent, _isDown || !e.IsPermanent);
        }
        catch (OptionsValidationException e)
        {
            answer = string.Join(' ', e.Failures);
            _isWrong = true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            answer = $"There was no answer within {s_patience.TotalSeconds:0} s. Check address, network and firewall.";
            _isDown = true;
        }

        await output.WriteLineAsync($"{name,-9} failed  {answer.ReplaceLineEndings(" ")}");
    }

    private static async Task<string> AskApiAsync(ServiceProvider services, PipelineOptions options, CancellationToken cancellationToken)
    {
        await foreach (var _ in services.GetRequiredService<NimbleClient>().ListBatchesAsync(cancellationToken))
            break;
        return $"{options.Nimble.BaseUrl.Authority} takes the key";
    }

    private static async Task<string> AskBucketAsync(ServiceProvider services, PipelineOptions options, ObjectStoreOptions stores, CancellationToken cancellationToken)
    {
        if (options.Delivery.StorageUrl is not { } url)
            return "none is set; results are read from the API";
        var prefix = ObjectUri.Parse(url);
        var bucket = services.GetRequiredService<ObjectStores>();
        await foreach (var item in bucket.ListAsync(prefix, cancellationToken))
        {
            await using var read = await bucket.OpenAsync(item.Uri, cancellationToken);
            return $"{prefix} is listed and read with {stores.CredentialKind(prefix.Scheme)}";
        }

        return $"{prefix} is listed with {stores.CredentialKind(prefix.Scheme)}; it is empty, so that reading is not proven";
    }

    private static async Task<string> AskCallbackAsync(PipelineOptions options, CancellationToken cancellationToken)
    {
        if (options.Delivery.CallbackBase is not { } address)
            return "none is set; Sweep polls";
        if (address.Scheme != "https" && !address.IsLoopback)
            throw PipelineException.Permanent(FailureReasons.InvalidConfiguration, $"{address} is not https, and callbacks carry a token. Put TLS before it.");
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        try
        {
            using var response = await http.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            return $"{address} answers ({(int)response.StatusCode}); whether Nimble reaches it too is seen only there";
        }
        catch (Exception e) when (Faults.IsOfConnection(e, cancellationToken))
        {
            throw PipelineException.Transient(FailureReasons.Unavailable, $"{address} is not reachable from here: {e.Message} Start the host, or correct the address.", inner: e);
        }
    }

    private static async Task<string> AskAzureAsync(CancellationToken cancellationToken)
    {
        if (AzureStorageOptions.FromEnvironment() is not { } options)
            return "no storage account is set; state is kept on this machine";
        using var account = new AzureAccount(options with { MaxTries = 2 });
        try
        {
            await foreach (var _ in account.Queues.GetQueuesAsync(cancellationToken: cancellationToken))
                break;
            return $"{options} is listed";
        }
        catch (Exception e) when (AzureErrors.Translate(e, "Azure Storage", account.Access(QueueRole), cancellationToken) is { } problem)
        {
            throw problem;
        }
    }
}

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Pipeline.Cli.Run;
using Pipeline.Hosting;
using Pipeline.Http.Retrying;
using Pipeline.Model;
using Pipeline.Nimble;
using Pipeline.Stores;
using Pipeline.Stores.Azure;

namespace Pipeline.Cli.Doctor;

/// <summary>One harmless question to each that a run depends on, and one line for each answer.</summary>
/// <param name="settings">What the run would work with.</param>
/// <param name="faults">What is wrong with it already.</param>
internal sealed class Checks(RunSettings settings, IReadOnlyCollection<string> faults)
{
    private const string QueueRole = "Storage Queue Data Contributor";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly ObjectStoreOptions _stores = settings.Stores with { MaxTries = 2 };
    private bool _isWrong;
    private bool _isDown;

    /// <summary>Asks all, whatever becomes of one.</summary>
    /// <returns>0: all work; 2: something must be set right; 1: something does not work at the moment.</returns>
    public async Task<int> RunAsync(TextWriter output, CancellationToken cancellationToken)
    {
        if (faults.Count == 0)
            await WriteAsync(output, "settings", "ok", "all are usable");
        foreach (var fault in faults)
            await WriteAsync(output, "settings", "failed", fault);
        _isWrong = faults.Count > 0;
        await using var services = new ServiceCollection()
            .AddLogging()
            .AddPipeline(settings.ApplyWithoutCallbacks)
            .AddCloudObjects(_stores)
            .BuildServiceProvider();
        await CheckAsync(output, "api", token => AskApiAsync(services, token), cancellationToken);
        await CheckAsync(output, "bucket", token => AskBucketAsync(services, token), cancellationToken);
        await CheckAsync(output, "callback", AskCallbackAsync, cancellationToken);
        await CheckAsync(output, "azure", AskAzureAsync, cancellationToken);
        return _isWrong ? ExitCodes.Usage : _isDown ? ExitCodes.Error : ExitCodes.Complete;
    }

    private static Task WriteAsync(TextWriter output, string name, string state, string answer) =>
        output.WriteLineAsync($"{name,-9} {state,-7} {answer.ReplaceLineEndings(" ")}");

    private async Task CheckAsync(
        TextWriter output, string name, Func<CancellationToken, Task<string>> check, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(s_patience, TimeProvider.System);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        string answer;
        try
        {
            answer = await check(linked.Token);
            await WriteAsync(output, name, "ok", answer);
            return;
        }
        catch (PipelineException e)
        {
            answer = e.Message;
            (_isWrong, _isDown) = (_isWrong || e.IsPermanent, _isDown || !e.IsPermanent);
        }
        catch (OptionsValidationException)
        {
            answer = "It was not asked: correct the settings first.";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            answer = $"There was no answer within {s_patience.TotalSeconds:0} s. Check address, network and firewall.";
            _isDown = true;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // The other lines are there to find out why.
            answer = $"{e.GetType().Name}: {e.Message}";
            _isWrong = true;
        }

        await WriteAsync(output, name, "failed", answer);
    }

    private async Task<string> AskApiAsync(ServiceProvider services, CancellationToken cancellationToken)
    {
        if (settings.IsEmbedded)
            throw PipelineException.Permanent(
                FailureReasons.InvalidConfiguration,
                "NIMBLE_API_KEY is not set, so 'pipeline run' uses an emulator. Set it to the key of your Nimble account.");
        await foreach (var _ in services.GetRequiredService<NimbleClient>().ListBatchesAsync(cancellationToken))
            break;
        return $"{settings.Api!.Authority} takes the key";
    }

    private async Task<string> AskBucketAsync(ServiceProvider services, CancellationToken cancellationToken)
    {
        if (settings.StorageUrl is not { } url)
            return "none is set; results are read from the API";
        var prefix = ObjectUri.Parse(url);
        var bucket = services.GetRequiredService<ObjectStores>();
        await foreach (var item in bucket.ListAsync(prefix, cancellationToken))
        {
            await using var read = await bucket.OpenAsync(item.Uri, cancellationToken);
            return $"{prefix} is listed and read with {_stores.CredentialKind(prefix.Scheme)}";
        }

        return $"{prefix} is listed with {_stores.CredentialKind(prefix.Scheme)}; it is empty, so that reading is not proven";
    }

    private async Task<string> AskCallbackAsync(CancellationToken cancellationToken)
    {
        if (settings.Bind().Delivery.CallbackBase is not { } address)
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

    private async Task<string> AskAzureAsync(CancellationToken cancellationToken)
    {
        if (settings.Azure is not { } options)
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

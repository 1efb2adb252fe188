using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Pipeline.Cli.Settings;
using Pipeline.Hosting;
using Pipeline.Http.Retrying;
using Pipeline.IO;
using Pipeline.Model;
using Pipeline.Nimble;
using Pipeline.Notify;
using Pipeline.Options;
using Pipeline.Stores;
using Pipeline.Stores.Identity;

namespace Pipeline.Cli.Doctor;

/// <summary>
/// One harmless question to each thing that a run depends on. <c>run</c> and <c>serve</c> ask before they write
/// anything; <c>doctor</c> shows each answer.
/// </summary>
internal sealed class Preflight : IAsyncDisposable
{
    private readonly RunSettings _settings;
    private readonly ObjectStoreOptions _stores;
    private readonly ServiceProvider _services;

    /// <summary>Prepares the questions.</summary>
    /// <param name="settings">What the run would work with.</param>
    /// <param name="stores">Where S3 and GCS are, and how often to try.</param>
    public Preflight(RunSettings settings, ObjectStoreOptions stores)
    {
        (_settings, _stores) = (settings, stores);
        _services = new ServiceCollection()
            .AddLogging()
            .AddPipeline(settings.ApplyWithoutCallbacks)
            .AddCloudObjects(stores)
            .BuildServiceProvider();
    }

    /// <summary>
    /// Asks API and bucket, so that a wrong key or a missing bucket ends a run before it writes anything.
    /// </summary>
    /// <exception cref="PipelineException">One of them cannot be used.</exception>
    public static async Task CheckAsync(RunSettings settings, CancellationToken cancellationToken)
    {
        await using var preflight = new Preflight(settings, settings.Stores);
        _ = preflight._services.GetRequiredService<IOptions<PipelineOptions>>().Value;
        // Both at once: most of either is the start of a client, and most machines have several processors.
        var api = settings.IsEmbedded
            ? Task.CompletedTask
            : Task.Run(() => preflight.AskApiAsync(cancellationToken), cancellationToken);
        var bucket =
            settings.IsEmbedded && !settings.StoresAreOutside
                ? Task.CompletedTask
                : Task.Run(() => preflight.AskBucketAsync(reads: false, cancellationToken), cancellationToken);
        await Task.WhenAll(api, bucket).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        // Of two faults the API's is reported, whichever came first.
        await api;
        await bucket;
    }

    /// <summary>Whether the API takes the key.</summary>
    public async Task<string> AskApiAsync(CancellationToken cancellationToken)
    {
        if (_settings.Api is not { } api)
            throw PipelineException.Permanent(
                FailureReasons.InvalidConfiguration,
                "NIMBLE_API_KEY is not set, so 'pipeline run' uses an emulator. Set it to the "
                    + "key of your Nimble account.");
        try
        {
            // One batch is enough; a page of a hundred names up to 100,000 tasks.
            var nimble = _services.GetRequiredService<NimbleClient>();
            await foreach (var _ in nimble.ListBatchesAsync(cancellationToken, pageSize: 1))
                break;
            return $"{api.Authority} takes the key";
        }
        catch (PipelineException problem) when (!_settings.HasKey && problem.Reason == FailureReasons.AccessDenied)
        {
            throw PipelineException.Permanent(
                FailureReasons.AccessDenied,
                $"The API at {api} wants a key, and NIMBLE_API_KEY is not set. Set it to the key of that API.",
                problem);
        }
    }

    /// <summary>Whether the bucket can be listed and, if asked for, an object in it opened.</summary>
    public async Task<string> AskBucketAsync(bool reads, CancellationToken cancellationToken)
    {
        if (_settings.StorageUrl is not { } url)
            return "none is set; results are read from the API";
        var prefix = ObjectUri.Parse(url);
        var kind = _stores.CredentialKind(prefix.Scheme);
        var bucket = _services.GetRequiredService<ObjectStores>();
        await foreach (var item in bucket.ListAsync(prefix, cancellationToken))
        {
            if (!reads)
                break;
            await using var read = await bucket.OpenAsync(item.Uri, cancellationToken);
            return $"{prefix} is listed and read with {kind}";
        }

        return $"{prefix} is listed with {kind}; it is empty, so reading is not tested";
    }

    /// <summary>Whether an Azure identity signs in to the bucket.</summary>
    public bool UsesIdentity =>
        _settings.StorageUrl is { } url && _stores.UsesIdentity(ObjectUri.Parse(url).Scheme);

    /// <summary>
    /// Shows the claims of the token that the bucket's cloud gets, and which of them it cannot trust.
    /// </summary>
    public async Task<string> AskIdentityAsync(CancellationToken cancellationToken)
    {
        var token = new FederatedToken(_stores);
        var claims = TokenClaims.Read(await token.GetAsync(cancellationToken));
        return claims.FindMismatch(token.Audience) is { } mismatch
            ? throw PipelineException.Permanent(FailureReasons.AccessDenied, $"The token has {claims}: {mismatch}")
            : $"the token has {claims}; the trust must name this tenant, audience and subject";
    }

    /// <summary>Whether the callback address answers.</summary>
    public async Task<string> AskCallbackAsync(CancellationToken cancellationToken)
    {
        if (_settings.Bind().Delivery.CallbackBase is not { } address)
            return "none is set; the API is asked for results instead";
        if (address.Scheme != "https" && !address.IsLoopback)
            throw PipelineException.Permanent(
                FailureReasons.InvalidConfiguration,
                $"{address} is not https, and callbacks carry a token. Put a proxy with TLS before it.");
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        try
        {
            using var response = await http.GetAsync(
                address, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            return $"{address} answers ({(int)response.StatusCode}) here; whether Nimble reaches "
                + "it cannot be tested here";
        }
        catch (Exception e) when (Faults.IsOfConnection(e, cancellationToken))
        {
            throw PipelineException.Transient(
                FailureReasons.Unavailable,
                $"{address} is not reachable from here: {FaultWords.Of(e)}. "
                    + "Start the host, or correct the address.",
                inner: e);
        }
    }

    /// <summary>Whether the receiver of notifications takes a test event.</summary>
    /// <param name="send">Whether to send one.</param>
    /// <param name="cancellationToken">Stops the POST.</param>
    public async Task<string> AskReceiverAsync(bool send, CancellationToken cancellationToken)
    {
        var receiver = _services.GetRequiredService<Receiver>();
        if (receiver.Name is not { } name)
            return "none is set; nobody is told that a list closed";
        if (!send)
            return $"{name} is set; 'pipeline doctor --notify' sends a test event";
        await receiver.PostAsync(Events.Test(TimeProvider.System.GetUtcNow()), cancellationToken);
        return $"{name} took the test event";
    }

    /// <summary>Which proxy the requests go through; never with its password.</summary>
    public string DescribeProxies() => ProxyReport.Describe(Destinations());

    public ValueTask DisposeAsync() => _services.DisposeAsync();

    private IEnumerable<Uri> Destinations()
    {
        if (_settings.Api is { } api)
            yield return api;
        if (_settings.StorageUrl is not { } url)
            yield break;
        yield return ObjectUri.Parse(url).Scheme == "gs"
            ? new(_stores.GcsEndpoint ?? "https://storage.googleapis.com")
            : _stores.S3Endpoint ?? new("https://s3.amazonaws.com");
    }
}

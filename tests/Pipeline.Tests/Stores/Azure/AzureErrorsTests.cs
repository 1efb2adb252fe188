using System.Net.Sockets;
using Azure;
using Azure.Core;
using Azure.Identity;
using Azure.Storage.Queues;
using Microsoft.AspNetCore.Http;
using Moq;
using Pipeline.Model;
using Pipeline.Stores.Azure;
using Pipeline.Stores.Azure.Queues;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Stores.Azure;

/// <summary>Refusals and failures of Azure Storage, through the real SDK.</summary>
public sealed class AzureErrorsTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(
        403, "AuthenticationFailed", FailureReasons.AccessDenied,
        "The account rejects the key in AzureWebJobsStorage (it may have been rotated)")]
    [InlineData(
        403, "KeyBasedAuthenticationNotPermitted", FailureReasons.AccessDenied,
        "Set AzureWebJobsStorage__accountName instead of a connection string")]
    [InlineData(
        403, "AuthorizationFailure", FailureReasons.AccessDenied,
        "rejects the key in AzureWebJobsStorage, or its network rules block this host")]
    [InlineData(
        401, "NoAuthenticationInformation", FailureReasons.AccessDenied,
        "Copy the connection string from the account's access keys.")]
    [InlineData(400, "InvalidResourceName", FailureReasons.InvalidConfiguration, "Check the settings")]
    [InlineData(413, "RequestBodyTooLarge", FailureReasons.LimitExceeded, "answered 413")]
    public async Task ARefusalSaysWhatToDoAndNeverFailsTheWork(int status, string code, string reason, string advice)
    {
        var error = await SendAsync(Answer(status, ("x-ms-error-code", code)));

        // Refused access to the pipeline's own account waits for the role assignment. Only an invalid call is
        // permanent.
        var isRefused = reason == FailureReasons.AccessDenied;
        Assert.Equal((reason, isRefused, !isRefused), (error.Reason, error.IsStoreFault, error.IsPermanent));
        Assert.StartsWith($"The queue 'results' answered {status} {code}.", error.Message, StringComparison.Ordinal);
        Assert.Contains(advice, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Grant the role", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(
        "AuthorizationPermissionMismatch", "Grant the role 'Some Role' on the storage account to this host's identity")]
    [InlineData("AuthorizationFailure", "Allow the host's network on the account, and grant the role.")]
    [InlineData("AuthenticationFailed", "Check AzureWebJobsStorage__accountName")]
    public void AnIdentityIsToldTheRoleItNeeds(string code, string advice) =>
        Assert.Contains(
            advice, AzureAccess.Of(connectionString: null, "Some Role").Advice(code, serverTime: null),
            StringComparison.Ordinal);

    [Theory]
    [InlineData(
        "AuthenticationFailed", "2020-01-01T00:00:00Z",
        "The shared access signature in AzureWebJobsStorage expired on 2020-01-01 00:00 UTC.")]
    [InlineData("AuthorizationFailure", "2020-01-01", "expired on 2020-01-01 00:00 UTC. Create a new one")]
    [InlineData(
        "AuthenticationFailed", "2999-01-01T00:00:00Z",
        "rejects the shared access signature in AzureWebJobsStorage: its key was rotated")]
    [InlineData(
        "AuthorizationPermissionMismatch", "2999-01-01T00:00:00Z",
        "does not allow this. Create one for blobs, queues and tables")]
    public async Task TheErrorSaysWhatIsWrongWithASharedAccessSignature(string code, string until, string advice)
    {
        await using var server = await TestServer.StartAsync(Answer(403, ("x-ms-error-code", code)));
        var account = new AzureAccount(new()
        {
            ConnectionString =
                $"QueueEndpoint={server.Address}a;BlobEndpoint={server.Address}a;TableEndpoint={server.Address}a;"
                + "SharedAccessSignature=sv=2023-11-03&ss=bqt&srt=sco&sp=rwdlacup&se="
                + $"{Uri.EscapeDataString(until)}&sig=abc%3D",
            MaxTries = 1,
        });

        var queue = new StorageWorkQueue(account, new(account, TimeProvider.System));
        var error = await Assert.ThrowsAsync<PipelineException>(
            () => queue.SendAsync("results", [Some.Body("a")], TimeSpan.Zero, Ct));

        Assert.Equal((FailureReasons.AccessDenied, true), (error.Reason, error.IsStoreFault));
        Assert.Contains(advice, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("role", error.Message, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("sig=", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnOutdatedAzuriteIsReported()
    {
        var error = await SendAsync(async context =>
        {
            context.Response.StatusCode = 400;
            context.Response.ContentType = "application/xml";
            context.Response.Headers["x-ms-error-code"] = "InvalidHeaderValue";
            await context.Response.WriteAsync(
                "<?xml version=\"1.0\"?><Error><Code>InvalidHeaderValue</Code><Message>The API version 2026-04-06 is "
                    + "not supported by Azurite. "
                + "Please upgrade Azurite to latest version and retry.</Message></Error>", Ct);
        });

        Assert.Equal((FailureReasons.InvalidConfiguration, true), (error.Reason, error.IsPermanent));
        Assert.Contains("start it with --skipApiVersionCheck", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(429, "TooManyRequests", "Retry-After", "7", 7.0)]
    [InlineData(503, "ServerBusy", "Retry-After", "2", 2.0)]
    [InlineData(503, "ServerBusy", "x-ms-retry-after-ms", "1500", 1.5)]
    [InlineData(500, "InternalError", "x-other", "1", null)]
    [InlineData(409, "QueueBeingDeleted", "x-other", "1", 30.0)]
    public async Task AnOverloadIsTransientWithTheRequestedWait(
        int status, string code, string header, string value, double? seconds)
    {
        var error = await SendAsync(Answer(status, ("x-ms-error-code", code), (header, value)));

        Assert.Equal((FailureReasons.Unavailable, false), (error.Reason, error.IsPermanent));
        Assert.Equal(seconds, error.RetryAfter?.TotalSeconds);
    }

    [Theory]
    [InlineData("60", 1)]
    [InlineData("0", 3)]
    public async Task ALongRequestedWaitDoesNotBlockTheWorker(string seconds, int requests)
    {
        await using var server = await TestServer.StartAsync(
            Answer(503, ("x-ms-error-code", "ServerBusy"), ("Retry-After", seconds)));

        var error = await SendAsync(server.Address, tries: 3);

        // A wait of zero does not count; our own backoff decides.
        Assert.Equal(seconds == "0" ? "" : seconds, $"{error.RetryAfter?.TotalSeconds}");
        Assert.Equal(requests, server.Seen.Count);
    }

    [Fact]
    public async Task ABrokenConnectionIsTransientAfterAllTries()
    {
        await using var server = await TestServer.StartAsync(TestServer.Abort());

        var error = await SendAsync(server.Address, tries: 3);

        Assert.Equal((FailureReasons.Unavailable, false), (error.Reason, error.IsPermanent));
        Assert.StartsWith("The queue 'results' is unreachable: ", error.Message, StringComparison.Ordinal);
        Assert.Equal(3, server.Seen.Count);
    }

    [Fact]
    public async Task ASilentServerTimesOut()
    {
        await using var server = await TestServer.StartAsync(TestServer.Silence());

        var error = await SendAsync(server.Address, tries: 1, stall: TimeSpan.FromMilliseconds(500));

        Assert.Equal((FailureReasons.Unavailable, false), (error.Reason, error.IsPermanent));
    }

    [Fact]
    public async Task ARefusedConnectionIsTransient()
    {
        using var closed = new TcpListener(System.Net.IPAddress.Loopback, 0);
        closed.Start();
        var address = new Uri($"http://{closed.LocalEndpoint}");
        closed.Stop();

        Assert.False((await SendAsync(address, tries: 1)).IsPermanent);
    }

    [Fact]
    public async Task AMissingQueueIsCreatedAndTheMessageSentAgain()
    {
        await using var server = await TestServer.StartAsync(
            Answer(404, ("x-ms-error-code", "QueueNotFound")),
            Answer(201),
            async context =>
            {
                context.Response.StatusCode = 201;
                context.Response.ContentType = "application/xml";
                await context.Response.WriteAsync("<QueueMessagesList><QueueMessage><MessageId>1</MessageId>"
                    + "<InsertionTime>Fri, 09 Oct 2026 21:04:30 GMT</InsertionTime>"
                    + "<ExpirationTime>Fri, 31 Dec 9999 23:59:59 "
                    + "GMT</ExpirationTime><PopReceipt>r</PopReceipt><TimeNextVisible>Fri, 09 Oct 2026 21:04:30 "
                    + "GMT</TimeNextVisible></QueueMessage></QueueMessagesList>");
            });
        var account = Account(server.Address, tries: 1);

        await new StorageWorkQueue(account, new(account, TimeProvider.System)).SendAsync(
            "results", [Some.Body("a")], TimeSpan.FromSeconds(0.2), Ct);

        Assert.Equal(["POST", "PUT", "POST"], server.Seen.Select(request => request.Method));
        Assert.Contains("visibilitytimeout=1&messagettl=-1", server.Seen[2].PathAndQuery, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheCallersCancellationIsNotAnErrorOfTheQueue()
    {
        await using var server = await TestServer.StartAsync(TestServer.Silence());
        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        var account = Account(server.Address, tries: 1);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () =>
                new StorageWorkQueue(account, new(account, TimeProvider.System)).SendAsync(
                    "results", [Some.Body("a")], TimeSpan.Zero, stop.Token));
    }

    [Theory]
    [MemberData(nameof(SignIns))]
    public async Task AFailedSignInSaysWhatToDo(Exception thrown, bool isRefused, string advice)
    {
        var credential = new Mock<TokenCredential>();
        credential.Setup(
            c => c.GetTokenAsync(It.IsAny<TokenRequestContext>(), It.IsAny<CancellationToken>())).Throws(thrown);
        var account = new AzureAccount(new() { AccountName = "acct", MaxTries = 1 }, credential.Object);

        var error = await Assert.ThrowsAsync<PipelineException>(
            () =>
                new StorageWorkQueue(account, new(account, TimeProvider.System)).SendAsync(
                    "results", [Some.Body("a")], TimeSpan.Zero, Ct));

        Assert.Equal(
            (isRefused ? FailureReasons.AccessDenied : FailureReasons.Unavailable, isRefused),
            (error.Reason, error.IsStoreFault));
        Assert.False(error.IsPermanent);
        Assert.StartsWith("The queue 'results' cannot be used: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(advice, error.Message, StringComparison.Ordinal);
    }

    public static TheoryData<Exception, bool, string> SignIns => new()
    {
        { new CredentialUnavailableException("No managed identity."), true, "no identity is signed in: No managed "
            + "identity. Give the host a managed identity" },
        { new AuthenticationFailedException("The secret expired."), true, "The secret expired." },
        { new AuthenticationFailedException("The token service is down.", new RequestFailedException(503, "busy")),
            false, "the token service is unavailable" },
        { new AuthenticationFailedException("The token service "
            + "was lost.",
            new SocketException((int)SocketError.NotConnected)), false, "the token service is unavailable" },
    };

    [Fact]
    public Task AnUnknownErrorIsNotTranslated() =>
        Assert.ThrowsAsync<RequestFailedException>(
            () => SendAsync(new RequestFailedException(400, "wrong", "InvalidXmlDocument", null)));

    [Fact]
    public async Task AConnectionThatIsResetImmediatelyIsTransient()
    {
        var error = await Assert.ThrowsAsync<PipelineException>(
            () => SendAsync(new SocketException((int)SocketError.NotConnected)));

        Assert.Equal((FailureReasons.Unavailable, false), (error.Reason, error.IsPermanent));
    }

    private static Task SendAsync(Exception thrown)
    {
        var queue = new Mock<QueueClient>();
        queue.Setup(
            q =>
                q.SendMessageAsync(
                    It.IsAny<string>(), It.IsAny<TimeSpan?>(), It.IsAny<TimeSpan?>(),
                    It.IsAny<CancellationToken>())).ThrowsAsync(thrown);
        var resource = new AzureResource<QueueClient>(
            queue.Object, "The queue", AzureAccess.Of(null, "role"),
            _ => throw new InvalidOperationException("The queue exists."));
        return resource.RunAsync(q => q.SendMessageAsync("a", null, null, Ct), Ct);
    }

    [Theory]
    [InlineData("application/json", "<html>Bad gateway</html>")]
    [InlineData("application/xml", "<html>Bad gateway")]
    [InlineData("text/html", "<html>Bad gateway")]
    public async Task AnAnswerFromAProxyIsTransient(string contentType, string body)
    {
        var error = await SendAsync(async context =>
        {
            context.Response.StatusCode = 502;
            context.Response.ContentType = contentType;
            await context.Response.WriteAsync(body);
        });

        Assert.Equal((FailureReasons.Unavailable, false), (error.Reason, error.IsPermanent));
    }

    private static Func<HttpContext, Task> Answer(int status, params (string Name, string Value)[] headers) =>
        context =>
    {
        context.Response.StatusCode = status;
        foreach (var (name, value) in headers)
            context.Response.Headers[name] = value;
        return Task.CompletedTask;
    };

    private static async Task<PipelineException> SendAsync(Func<HttpContext, Task> answer)
    {
        await using var server = await TestServer.StartAsync(answer);
        return await SendAsync(server.Address, tries: 1);
    }

    private static Task<PipelineException> SendAsync(Uri address, int tries, TimeSpan? stall = null)
    {
        var account = Account(address, tries, stall);
        return Assert.ThrowsAsync<PipelineException>(
            () =>
                new StorageWorkQueue(account, new(account, TimeProvider.System)).SendAsync(
                    "results", [Some.Body("a")], TimeSpan.Zero, Ct));
    }

    private static AzureAccount Account(Uri address, int tries, TimeSpan? stall = null) => new(new()
    {
        ConnectionString =
            $"DefaultEndpointsProtocol=http;AccountName=a;AccountKey={AzuriteAccount.Key};QueueEndpoint={address}a;"
                + $"BlobEndpoint={address}a;TableEndpoint={address}a",
        MaxTries = tries,
        FirstDelay = TimeSpan.FromMilliseconds(5),
        LongestDelay = TimeSpan.FromMilliseconds(5),
        StallTimeout = stall ?? Patience.Limit,
    });
}

using System.Globalization;
using System.Net.Sockets;
using Azure;
using Azure.Identity;
using Pipeline.Http;

namespace Pipeline.Stores.Azure;

/// <summary>Errors of Azure Storage as the pipeline's own, with what to do about them.</summary>
internal static class AzureErrors
{
    // How long a name stays taken after its container, queue or table was deleted: half a minute, says the documentation, or longer.
    private static readonly TimeSpan s_beingDeleted = TimeSpan.FromSeconds(30);
    // A grant takes minutes to work.
    private static readonly TimeSpan s_refusedWait = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_longestAsked = TimeSpan.FromHours(24);

    /// <summary>Whether a 404 means the container, queue or table, and not what would be in it.</summary>
    public static bool IsMissingResource(RequestFailedException e) => e.Status == 404 && e.ErrorCode is "ContainerNotFound" or "QueueNotFound" or "TableNotFound";

    /// <summary>The error as ours; null for what the caller must decide about (404, 409, 412), for its own cancellation and for bugs.</summary>
    /// <param name="e">What the SDK threw after its own few tries.</param>
    /// <param name="what">What was used.</param>
    /// <param name="role">The role that needs.</param>
    /// <param name="cancellationToken">The caller's.</param>
    public static PipelineException? Translate(Exception e, string what, string role, CancellationToken cancellationToken) => e switch
    {
        RequestFailedException { Status: 0 } => Unreachable(what, e),
        RequestFailedException failed => ForStatus(failed.Status, failed.ErrorCode, RetryAfterOf(failed), what, role, e),
        AuthenticationFailedException => SignIn(what, e),
        // Several tries that each ended in an exception.
        AggregateException several => Translate(several.InnerExceptions[^1], what, role, cancellationToken),
        OperationCanceledException when cancellationToken.IsCancellationRequested => null,
        // The SDK reads the body of an error by its content type, and something in between answered that is not the service.
        System.Text.Json.JsonException or System.Xml.XmlException => PipelineException.Transient(
            FailureReasons.Unavailable, $"{what} gave an answer that cannot be read; a proxy may stand before it: {e.Message.Split('\n')[0].Trim()}", inner: e),
        _ when Faults.IsOfConnection(e, cancellationToken) => Unreachable(what, e),
        _ => null,
    };

    /// <summary>An error of the pipeline's own containers, queues and tables: who is refused there waits for the grant and fails nothing.</summary>
    public static PipelineException OfOwnStore(PipelineException error) => error.Reason == FailureReasons.AccessDenied
        ? PipelineException.StoreWaits(error.Reason, error.Message, error, s_refusedWait)
        : error;

    /// <summary>What a status means where it is no answer to the caller's question; null where it is one, or a bug.</summary>
    public static PipelineException? ForStatus(int status, string? code, TimeSpan? retryAfter, string what, string role, Exception? inner)
    {
        var said = $"{what} answered {status}{(code is null ? "" : " " + code)}.";
        return status switch
        {
            408 or 429 or >= 500 => PipelineException.Transient(FailureReasons.Unavailable, said, retryAfter, inner),
            401 or 403 => PipelineException.Permanent(FailureReasons.AccessDenied, $"{said} {Advice(code, role)}", inner),
            409 when code is "ContainerBeingDeleted" or "QueueBeingDeleted" or "TableBeingDeleted" => PipelineException.Transient(
                FailureReasons.Unavailable, $"{said} It was deleted a moment ago and can be made again in a while.", retryAfter ?? s_beingDeleted, inner),
            413 => PipelineException.Permanent(FailureReasons.LimitExceeded, said, inner),
            400 when code is "InvalidResourceName" or "OutOfRangeInput" or "InvalidUri" => PipelineException.Permanent(
                FailureReasons.InvalidConfiguration, $"{said} That is not a name the account can have; check the settings.", inner),
            400 when code is "InvalidAuthenticationInfo" or "AuthenticationFailed" => PipelineException.Permanent(
                FailureReasons.AccessDenied, $"{said} {Advice("AuthenticationFailed", role)}", inner),
            _ => null,
        };
    }

    private static string Advice(string? code, string role) => code switch
    {
        "AuthenticationFailed" or "NoAuthenticationInformation" or "InvalidAuthenticationInfo" or "AuthInvalidKey" =>
            "The credentials are not valid there. Check AzureWebJobsStorage (the key may have been rotated) and the clock of this machine.",
        "KeyBasedAuthenticationNotPermitted" => "The account refuses keys. Set AzureWebJobsStorage__accountName instead of a connection string, and sign in with an identity.",
        "AuthorizationFailure" or "IpAuthorizationError" or "PublicAccessNotPermitted" =>
            $"The account's firewall or network rules keep this host out, or its identity lacks the role '{role}'. Allow the host's network on the account, and grant the role.",
        "AccountIsDisabled" => "The account is disabled. Look at its subscription.",
        _ => $"Grant the role '{role}' on the storage account to this host's identity; a new grant takes some minutes to work.",
    };

    private static PipelineException SignIn(string what, Exception e)
    {
        var first = e.Message.ReplaceLineEndings("\n").Split('\n')[0].Trim();
        // The token service may be down, too. No identity at all is something else.
        return e is not CredentialUnavailableException && Causes(e).Any(c => c is RequestFailedException { Status: 0 or 408 or 429 or >= 500 } or HttpRequestException or SocketException or TaskCanceledException)
            ? PipelineException.Transient(FailureReasons.Unavailable, $"{what} cannot be used: no access token is to be had at the moment: {first}", inner: e)
            : PipelineException.Permanent(
                FailureReasons.AccessDenied,
                $"{what} cannot be used: nobody is signed in: {first} Give the host a managed identity, sign in with 'az login', or set AzureWebJobsStorage to a connection string.",
                e);
    }

    private static IEnumerable<Exception> Causes(Exception e)
    {
        for (var cause = e.InnerException; cause is not null; cause = cause.InnerException)
        {
            yield return cause;
            if (cause is AggregateException several)
                foreach (var inner in several.InnerExceptions)
                    yield return inner;
        }
    }

    private static PipelineException Unreachable(string what, Exception e) => PipelineException.Transient(
        FailureReasons.Unavailable, $"{what} cannot be reached at the moment: {(e is OperationCanceledException ? "no answer in time" : e.Message.Split('\n')[0].Trim())}.", inner: e);

    private static TimeSpan? RetryAfterOf(RequestFailedException e)
    {
        if (e.GetRawResponse() is not { } response)
            return null;
        foreach (var (name, unit) in new[] { ("retry-after-ms", 0.001), ("x-ms-retry-after-ms", 0.001), ("Retry-After", 1.0) })
        {
            if (response.Headers.TryGetValue(name, out var text)
                && double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
                return TimeSpan.FromSeconds(Math.Clamp(number * unit, 0, s_longestAsked.TotalSeconds));
        }
        return null;
    }
}

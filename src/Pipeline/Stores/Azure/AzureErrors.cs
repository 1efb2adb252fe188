using System.Net.Sockets;
using Azure;
using Azure.Identity;
using Pipeline.Http.Retrying;
using Pipeline.Model;

namespace Pipeline.Stores.Azure;

/// <summary>An error of Azure Storage.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Code">The account's own word for it, where there is one.</param>
/// <param name="Date">When the account answered.</param>
/// <param name="RetryAfter">How long it asks to wait.</param>
/// <param name="Message">The account's own sentence, where there is one.</param>
internal sealed record AzureError(int Status, string? Code, DateTimeOffset? Date = null, TimeSpan? RetryAfter = null, string? Message = null);

/// <summary>Errors of Azure Storage as the pipeline's own, with what to do about them.</summary>
internal static class AzureErrors
{
    // How long a name stays taken after its container, queue or table was deleted: half a minute, says the documentation, or longer.
    private static readonly TimeSpan s_beingDeleted = TimeSpan.FromSeconds(30);
    // A grant takes minutes to work.
    private static readonly TimeSpan s_refusedWait = TimeSpan.FromSeconds(30);

    // https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes
    private static readonly StoreErrorTable s_table = new(
        (StoreVerdict.Passes, ["ServerBusy", "OperationTimedOut", "InternalError"]),
        (StoreVerdict.ThisObject, ["BlobArchived", "BlobBeingRehydrated"]));

    /// <summary>Whether a 404 means the container, queue or table, and not what would be in it.</summary>
    public static bool IsMissingResource(RequestFailedException e) => e.Status == 404 && e.ErrorCode is "ContainerNotFound" or "QueueNotFound" or "TableNotFound";

    /// <summary>The error as ours; null for what the caller must decide about (404, 409, 412), for its own cancellation and for bugs.</summary>
    /// <param name="e">What the SDK threw after its own few tries.</param>
    /// <param name="what">What was used.</param>
    /// <param name="access">By what right.</param>
    /// <param name="cancellationToken">The caller's.</param>
    public static PipelineException? Translate(Exception e, string what, AzureAccess access, CancellationToken cancellationToken) => e switch
    {
        RequestFailedException { Status: 0 } => Unreachable(what, e),
        RequestFailedException failed => ForStatus(
            new(failed.Status, failed.ErrorCode, failed.GetRawResponse()?.Headers.Date, RetryAfterOf(failed), failed.Message), what, access, e),
        AuthenticationFailedException => SignIn(what, e),
        // Several tries that each ended in an exception.
        AggregateException several => Translate(several.InnerExceptions[^1], what, access, cancellationToken),
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
    public static PipelineException? ForStatus(AzureError error, string what, AzureAccess access, Exception? inner)
    {
        var said = $"{what} answered {error.Status}{(error.Code is null ? "" : " " + error.Code)}.";
        return (error.Status, error.Code) switch
        {
            (409, "ContainerBeingDeleted" or "QueueBeingDeleted" or "TableBeingDeleted") => PipelineException.Transient(
                FailureReasons.Unavailable,
                $"{said} It was deleted a moment ago and can be made again in a while.",
                error.RetryAfter ?? s_beingDeleted,
                inner),
            (413, _) => PipelineException.Permanent(FailureReasons.LimitExceeded, said, inner),
            (400, "InvalidHeaderValue") when error.Message?.Contains("API version", StringComparison.OrdinalIgnoreCase) == true =>
                PipelineException.Permanent(
                    FailureReasons.InvalidConfiguration,
                    $"{said} It does not know the API version that this client speaks. "
                    + "For Azurite, start it with --skipApiVersionCheck, or upgrade it.",
                    inner),
            (400, "InvalidResourceName" or "OutOfRangeInput" or "InvalidUri") => PipelineException.Permanent(
                FailureReasons.InvalidConfiguration, $"{said} That is not a name the account can have; check the settings.", inner),
            (401 or 403 or 408 or 429 or >= 500, _) or (400, "InvalidAuthenticationInfo" or "AuthenticationFailed") or (409, "BlobArchived" or "BlobBeingRehydrated") =>
                ByTable(error, said, access, inner),
            _ => null,
        };
    }

    private static PipelineException ByTable(AzureError error, string said, AzureAccess access, Exception? inner)
    {
        var verdict = s_table.VerdictOf(error.Status, error.Code);
        var advice = verdict switch
        {
            StoreVerdict.Passes => "",
            StoreVerdict.ThisObject => "It is archived. Set its tier to Hot or Cool (az storage blob set-tier), "
                + "wait until it is rehydrated, then run 'replay'.",
            _ => access.Advice(error.Code, error.Date),
        };
        return StoreErrorTable.ToException(verdict, said, advice, error.RetryAfter, inner);
    }

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

    private static TimeSpan? RetryAfterOf(RequestFailedException e) => e.GetRawResponse() is { } response
        ? RetryAfter.Read(name => response.Headers.TryGetValue(name, out var text) ? text : null, now: null)
        : null;
}

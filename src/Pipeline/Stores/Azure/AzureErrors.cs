using System.Net.Sockets;
using Azure;
using Azure.Identity;
using Pipeline.Http.Retrying;
using Pipeline.IO;
using Pipeline.Model;

namespace Pipeline.Stores.Azure;

/// <summary>An error of Azure Storage.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Code">The service's error code, if any.</param>
/// <param name="Date">The service's time of the answer.</param>
/// <param name="RetryAfter">The wait that the service asks for.</param>
/// <param name="Message">The service's message, if any.</param>
internal sealed record AzureError(
    int Status, string? Code, DateTimeOffset? Date = null, TimeSpan? RetryAfter = null, string? Message = null);

/// <summary>Translates errors of Azure Storage to <see cref="PipelineException"/>s that say what to do.</summary>
internal static class AzureErrors
{
    // After a container, queue or table is deleted, its name stays reserved for at least 30 seconds (documented).
    private static readonly TimeSpan DeletedWait = TimeSpan.FromSeconds(30);

    // A new role assignment takes minutes to take effect.
    private static readonly TimeSpan AccessWait = TimeSpan.FromSeconds(30);

    // https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes
    private static readonly StoreErrorTable Table = new(
        (StoreVerdict.Passes, ["ServerBusy", "OperationTimedOut", "InternalError"]),
        (StoreVerdict.ThisObject, ["BlobArchived", "BlobBeingRehydrated"]));

    /// <summary>Whether the container, queue or table is missing, and not something in it.</summary>
    public static bool IsMissingResource(RequestFailedException e) =>
        e.Status == 404 && e.ErrorCode is "ContainerNotFound" or "QueueNotFound" or "TableNotFound";

    /// <summary>
    /// Translates an error. Returns null if the caller must handle it (404, 409, 412), for the caller's own
    /// cancellation and for bugs.
    /// </summary>
    /// <param name="e">The SDK's exception, after its retries.</param>
    /// <param name="what">The resource, as the subject of the message.</param>
    /// <param name="access">This process's access to the resource.</param>
    /// <param name="cancellationToken">The caller's token.</param>
    public static PipelineException? Translate(
        Exception e, string what, AzureAccess access, CancellationToken cancellationToken) => e switch
    {
        RequestFailedException { Status: 0 } => Unreachable(what, e),
        RequestFailedException failed => ForStatus(
            new(
                failed.Status, failed.ErrorCode, failed.GetRawResponse()?.Headers.Date, RetryAfterOf(failed),
                failed.Message),
            what, access, e),
        AuthenticationFailedException => SignIn(what, e),
        // The SDK throws this when several attempts each ended in an exception.
        AggregateException several => Translate(several.InnerExceptions[^1], what, access, cancellationToken),
        OperationCanceledException when cancellationToken.IsCancellationRequested => null,
        // The SDK cannot parse an error body that does not come from the service.
        System.Text.Json.JsonException or System.Xml.XmlException => PipelineException.Transient(
            FailureReasons.Unavailable,
            $"{what} returned an unreadable answer; it may come from a proxy: {e.Message.Split('\n')[0].Trim()}",
            inner: e),
        _ when Faults.IsOfConnection(e, cancellationToken) => Unreachable(what, e),
        _ => null,
    };

    /// <summary>
    /// Adapts an error of the pipeline's own containers, queues and tables: refused access waits for the role
    /// assignment and fails no input.
    /// </summary>
    public static PipelineException OfOwnStore(PipelineException error) => error.Reason == FailureReasons.AccessDenied
        ? PipelineException.StoreWaits(error.Reason, error.Message, error, AccessWait)
        : error;

    /// <summary>Translates a status. Returns null if the caller must handle it, and for bugs.</summary>
    public static PipelineException? ForStatus(AzureError error, string what, AzureAccess access, Exception? inner)
    {
        var answer = $"{what} answered {error.Status}{(error.Code is null ? "" : " " + error.Code)}.";
        return (error.Status, error.Code) switch
        {
            (409, "ContainerBeingDeleted" or "QueueBeingDeleted" or "TableBeingDeleted") => PipelineException.Transient(
                FailureReasons.Unavailable,
                $"{answer} It was just deleted and cannot be created again yet.",
                error.RetryAfter ?? DeletedWait,
                inner),
            (413, _) => PipelineException.Permanent(FailureReasons.LimitExceeded, answer, inner),
            (400, "InvalidHeaderValue") when error.Message?.Contains(
                "API version", StringComparison.OrdinalIgnoreCase) == true =>
                PipelineException.Permanent(
                    FailureReasons.InvalidConfiguration,
                    $"{answer} It does not support this client's API version. "
                    + "If it is Azurite, start it with --skipApiVersionCheck, or upgrade it.",
                    inner),
            (400, "InvalidResourceName" or "OutOfRangeInput" or "InvalidUri") => PipelineException.Permanent(
                FailureReasons.InvalidConfiguration, $"{answer} The name is not valid. Check the settings.", inner),
            (401 or 403 or 408 or 429 or >= 500, _) or (
                400,
                "InvalidAuthenticationInfo" or "AuthenticationFailed") or (409,
                "BlobArchived" or "BlobBeingRehydrated") =>
                FromTable(error, answer, access, inner),
            _ => null,
        };
    }

    private static PipelineException FromTable(AzureError error, string answer, AzureAccess access, Exception? inner)
    {
        var verdict = Table.VerdictOf(error.Status, error.Code);
        var advice = verdict switch
        {
            StoreVerdict.Passes => "",
            StoreVerdict.ThisObject => "It is archived. Set its tier to Hot or Cool (az storage blob set-tier), "
                + "wait until it is rehydrated, then run 'replay'.",
            _ => access.Advice(error.Code, error.Date),
        };
        return StoreErrorTable.ToException(verdict, answer, advice, error.RetryAfter, inner);
    }

    private static PipelineException SignIn(string what, Exception e)
    {
        var first = e.Message.ReplaceLineEndings("\n").Split('\n')[0].Trim();
        // An unavailable token service is transient. A missing identity is not.
        return e is not CredentialUnavailableException && Causes(e).Any(IsTransient)
            ? PipelineException.Transient(
                FailureReasons.Unavailable, $"{what} cannot be used: the token service is unavailable: {first}",
                inner: e)
            : PipelineException.Permanent(
                FailureReasons.AccessDenied,
                $"{what} cannot be used: no identity is signed in: {first} Give the host a "
                    + "managed identity, sign in with "
                + "'az login', or set AzureWebJobsStorage to a connection string.",
                e);
    }

    private static bool IsTransient(Exception cause) =>
        cause is RequestFailedException { Status: 0 or 408 or 429 or >= 500 }
            or HttpRequestException or SocketException or TaskCanceledException;

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
        FailureReasons.Unavailable,
        $"{what} is unreachable: "
            + $"{FaultWords.Of(e is RequestFailedException { InnerException: { } inner } ? inner : e)}.",
        inner: e);

    private static TimeSpan? RetryAfterOf(RequestFailedException e) => e.GetRawResponse() is { } response
        ? RetryAfter.Read(name => response.Headers.TryGetValue(name, out var text) ? text : null, now: null)
        : null;
}

namespace Pipeline.Stores.Azure;

/// <summary>
/// The names of the pipeline's containers, queues and tables in an Azure storage account, besides the queues of
/// <see cref="Model.QueueNames"/>.
/// </summary>
internal static class AzureNames
{
    /// <summary>
    /// Container of the parts, <c>{list_id}/{submission_id}/{part}.ndjson.gz</c>, and of the files of closed
    /// submissions, <c>{list_id}/{submission_id}.ndjson.gz</c>.
    /// </summary>
    public const string RecordsContainer = "records";

    /// <summary>Container of the failures, <c>{list_id}/{id}.json</c>.</summary>
    public const string FailuresContainer = "failures";

    /// <summary>Container of the manifests, <c>{list_id}.json</c>.</summary>
    public const string ManifestsContainer = "manifests";

    /// <summary>Container of the files that are written when a list closes.</summary>
    public const string ExportsContainer = "exports";

    /// <summary>Container of lists that messages point to.</summary>
    public const string ListsContainer = "lists";

    /// <summary>Container of the lists of schedules. A list stays there when its schedule is removed.</summary>
    public const string SchedulesContainer = "schedules";

    /// <summary>
    /// Container of messages that are too large for a queue. The pipeline deletes from it only when a list is erased. A
    /// lifecycle rule deletes a message once it can no longer be waiting.
    /// </summary>
    public const string ClaimsContainer = "claims";

    /// <summary>Queue that announces records, as ranges of parts, to consumers.</summary>
    public const string RecordsQueue = "records";

    /// <summary>Queue that announces each failure to consumers.</summary>
    public const string FailuresQueue = "failures";

    /// <summary>Queue that announces each manifest to consumers.</summary>
    public const string ManifestsQueue = "manifests";

    /// <summary>The queues that consumers read.</summary>
    public static readonly IReadOnlyList<string> OutputQueues = [RecordsQueue, FailuresQueue, ManifestsQueue];

    /// <summary>Table of lists, submissions, inputs and tasks.</summary>
    public const string LedgerTable = "ledger";

    /// <summary>Table that indexes open lists, refused lists and due submissions.</summary>
    public const string DueTable = "ledgerdue";
}

using Pipeline.Stores.Azure.Ledger;

namespace Pipeline.Stores.Azure;

/// <summary>The names of what the pipeline keeps in an Azure storage account, beside the queues of <see cref="Model.QueueNames"/>.</summary>
public static class AzureNames
{
    /// <summary>Container of the records, <c>{list_id}/{submission_id}/{id}.json.gz</c>, and of <c>{list_id}/{submission_id}.ndjson.gz</c>.</summary>
    public const string RecordsContainer = "records";

    /// <summary>Container of the failures, <c>{list_id}/{id}.json</c>.</summary>
    public const string FailuresContainer = "failures";

    /// <summary>Container of the manifests, <c>{list_id}.json</c>.</summary>
    public const string ManifestsContainer = "manifests";

    /// <summary>Container of lists that messages point to.</summary>
    public const string ListsContainer = "lists";

    /// <summary>Container of what is too large for a message. Nothing here deletes from it: a lifecycle rule does, later than any message can be waiting.</summary>
    public const string ClaimsContainer = "claims";

    /// <summary>Queue on which each record, or a pointer to it, is announced to consumers.</summary>
    public const string RecordsQueue = "records";

    /// <summary>Queue on which each failure is announced.</summary>
    public const string FailuresQueue = "failures";

    /// <summary>Queue on which each manifest is announced.</summary>
    public const string ManifestsQueue = "manifests";

    /// <summary>Table of lists, submissions, inputs and tasks.</summary>
    public const string LedgerTable = "ledger";

    /// <summary>Table that finds open lists and due submissions.</summary>
    public const string DueTable = "ledgerdue";
}

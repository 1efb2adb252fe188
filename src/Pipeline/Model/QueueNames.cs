namespace Pipeline.Model;

/// <summary>The names of the queues.</summary>
public static class QueueNames
{
    /// <summary>Lists of URLs, from users.</summary>
    public const string UrlLists = "url-lists";

    /// <summary>Submissions to post, one per message.</summary>
    public const string Submissions = "submissions";

    /// <summary>Tasks whose results may be ready. A message holds tasks of one submission.</summary>
    public const string Results = "results";

    /// <summary>Events to POST to the receiver of notifications.</summary>
    public const string Notifications = "notifications";

    /// <summary>Lists whose export is to be written.</summary>
    public const string Exports = "exports";

    /// <summary>Suffix of the queue that receives a queue's messages after their last attempt.</summary>
    public const string PoisonSuffix = "-poison";
}

using System.Text;
using Pipeline.Emulator.Hostile;

namespace Pipeline.Emulator.Faults;

/// <summary>What kind of value a fault takes.</summary>
internal enum FaultValueKind
{
    /// <summary>A chance and nothing else.</summary>
    Chance,

    /// <summary>Milliseconds, optionally followed by <c>@</c> and a chance.</summary>
    Milliseconds,

    /// <summary>One of a list of words, optionally followed by <c>@</c> and a chance.</summary>
    Word,

    /// <summary>A whole number that configures other faults.</summary>
    Setting,
}

/// <summary>A fault that can be injected.</summary>
internal sealed record FaultKind(string Name, FaultValueKind Value, string Meaning, params string[] Words);

/// <summary>Every fault, for the parser and for <c>--help</c>.</summary>
internal static class FaultCatalog
{
    public static readonly IReadOnlyList<FaultKind> All =
    [
        new("seed", FaultValueKind.Setting, "the seed of all random draws (0)"),
        new("post_429", FaultValueKind.Chance, "a POST is answered 429 with Retry-After"),
        new("post_402", FaultValueKind.Chance, "a POST is answered 402: the budget is used up"),
        new("refusal_details", FaultValueKind.Word, "whether a 400 says what is wrong with the body", "full", "none"),
        new("post_500_before", FaultValueKind.Chance, "a POST is answered 500 and nothing is accepted"),
        new("post_500_after", FaultValueKind.Chance, "a POST is accepted and answered 500"),
        new("post_555_before", FaultValueKind.Chance, "a POST is answered 555 and nothing is accepted"),
        new("post_555_after", FaultValueKind.Chance, "a POST is accepted and answered 555"),
        new("post_cut_after", FaultValueKind.Chance, "a POST is accepted, then its connection is cut"),
        new("post_slow_ms", FaultValueKind.Milliseconds, "a POST is accepted at once and answered late"),
        new("post_partial", FaultValueKind.Chance, "an input of a batch is rejected, and the answer says why"),
        new("get_429", FaultValueKind.Chance, "a GET is answered 429 with Retry-After"),
        new("get_500", FaultValueKind.Chance, "a GET is answered 500"),
        new("get_gzip", FaultValueKind.Chance, "a GET is answered with Content-Encoding: gzip"),
        new("reply_wrap", FaultValueKind.Word, "the member that an answer is wrapped in", "response", "data"),
        new("retry_after_ms", FaultValueKind.Setting, "the wait that a 429 asks for (1000); 0 for none"),
        new("retry_after_past", FaultValueKind.Chance, "a 429 asks to wait until a date in the past"),
        new("webhook_lost", FaultValueKind.Chance, "the webhook is never sent"),
        new("webhook_repeat", FaultValueKind.Chance, "the webhook is sent twice"),
        new("webhook_late", FaultValueKind.Milliseconds, "the webhook is delayed by this many milliseconds"),
        new("webhook_early", FaultValueKind.Chance, "the webhook is sent before the POST is answered"),
        new("webhook_shuffle", FaultValueKind.Chance, "the webhook is delayed at random, up to webhook_shuffle_ms"),
        new("webhook_shuffle_ms", FaultValueKind.Setting, "the limit of that random delay (500)"),
        new("webhook_form", FaultValueKind.Word, "the webhook's body", "status_task", "task", "bare", "mixed"),
        new(
            "webhook_state", FaultValueKind.Word, "the state in the webhook's body, as in the vendor's example",
            "pending"),
        new("task_fail", FaultValueKind.Chance, "the task ends in error"),
        new("task_never", FaultValueKind.Chance, "the task never ends"),
        new("task_slow_ms", FaultValueKind.Milliseconds, "the task starts this much later"),
        new("task_states", FaultValueKind.Word, "the names of states", "vendor", "wild"),
        new("null_tasks", FaultValueKind.Chance, "the task is null in the answer of GET batches/{id}"),
        new("batch_short", FaultValueKind.Chance, "neither the POST's answer nor the batch names the task"),
        new("task_twice", FaultValueKind.Chance, "an input has two tasks: the first fails, the second succeeds"),
        new("task_ids", FaultValueKind.Word, "the form of the task's id", "dotted", "base64url", "number", "mixed"),
        new("echo", FaultValueKind.Word, "how much of its input a task repeats", "full", "input", "none"),
        new(
            "result_status", FaultValueKind.Word, "the status inside the result document", "skipped", "fatal", "error",
            "postponed", "ignored", "rejected", "blocked"),
        new(
            "result_unfinished", FaultValueKind.Word, "what the API answers to the first two reads of the result",
            "pending", "html", "xml"),
        new(
            "result_wrap", FaultValueKind.Word, "what the result is wrapped in, at the API and in the bucket", "array",
            "results"),
        new("object_late_ms", FaultValueKind.Milliseconds, "the object is written this long after the task ends"),
        new("object_missing", FaultValueKind.Chance, "the object is not written"),
        new("object_truncated", FaultValueKind.Chance, "the object is cut short"),
        new("object_bitflip", FaultValueKind.Chance, "one bit of the object is flipped"),
        new("object_empty", FaultValueKind.Chance, "the object is empty"),
        new(
            "object_mislabelled", FaultValueKind.Chance,
            "the object is gzip under .json, or plain JSON under .json.gz"),
        new("object_trailing", FaultValueKind.Chance, "extra bytes follow the end of the object"),
        new("object_pending", FaultValueKind.Chance, "the object is an unfinished answer"),
        new("object_html", FaultValueKind.Chance, "the object is a proxy's error page"),
        new("object_xml", FaultValueKind.Chance, "the object is a store's error document"),
        new(
            "object_heal_ms", FaultValueKind.Setting,
            "after this long, a good object replaces a missing or damaged one (never)"),
        new("object_etag", FaultValueKind.Chance, "the object's ETag looks like an MD5 but is not one (S3)"),
        new("object_archived", FaultValueKind.Chance, "the object is archived, so reads are refused (S3)"),
        new("store_refused_ms", FaultValueKind.Milliseconds, "reads of the object are refused for this long"),
        new("store_refusal", FaultValueKind.Word, "how those reads are refused",
            "AccessDenied", "ExpiredToken", "InvalidAccessKeyId", "RequestTimeout"),
        new(
            "store_clock_s", FaultValueKind.Setting,
            "how many seconds S3's clock is ahead; over 900, reads are refused (0)"),
        new("store_busy", FaultValueKind.Chance, "a read of an object is answered 503 SlowDown"),
        new("store_timeout", FaultValueKind.Chance, "a read of an object is answered 400 RequestTimeout"),
        new("store_cut", FaultValueKind.Chance, "the connection is cut inside an object's body"),
        new("store_stall", FaultValueKind.Chance, "an object's body stalls"),
        new("store_drip", FaultValueKind.Chance, "an object's body slows down to one byte every two seconds"),
        new("hostile", FaultValueKind.Chance,
            "any of the four below, each drawn separately; they apply only to submissions with 'hostile' in the host "
            + "or query of a URL, so an honest list can run beside a hostile one"),
        new("hostile_reply", FaultValueKind.Word, "how an answer about such a submission is spoilt",
            [.. HostileJson.Kinds, "bomb", "drip", "stall", "endless", "framing"]),
        new("hostile_list", FaultValueKind.Word,
            "after such a submission, a list of tasks or batches never ends or repeats its cursor",
            "endless", "repeat"),
        new("hostile_result", FaultValueKind.Word, "how its result or object is spoilt",
            [.. HostileJson.Kinds, "bomb", "drip", "foreign"]),
        new("hostile_webhook", FaultValueKind.Word, "how its webhook's body is spoilt",
            [.. HostileJson.Kinds, "bomb", "drip", "ids"]),
    ];

    public static readonly IReadOnlyDictionary<string, FaultKind> ByName = All.ToDictionary(k => k.Name);

    /// <summary>The grammar and all faults, for <c>--help</c>.</summary>
    public static string Describe()
    {
        var text = new StringBuilder("""
            Faults: name=value, separated by commas. Each draw depends only on the seed
            and the index of the request or task, so a run can be repeated. A task's
            faults are drawn when it is created, and survive restarts.
              a whole number        the next n:          post_429=3
              a decimal or percent  that share:          webhook_lost=0.1, webhook_lost=10%
              always, or no value   every one:           webhook_form=bare,post_500_after
              value@chance          the value for some:  object_late_ms=3000@0.2

            """);
        foreach (var kind in All)
        {
            var words = kind.Words.Length > 0 ? $" ({string.Join(", ", kind.Words)})" : "";
            text.Append("  ").Append(kind.Name.PadRight(20)).Append(kind.Meaning).AppendLine(words);
        }
        return text.ToString();
    }
}

using System.Text;

namespace Pipeline.Emulator.Faults;

/// <summary>What a fault's value is.</summary>
internal enum FaultValueKind
{
    /// <summary>Only a chance.</summary>
    Chance,

    /// <summary>Milliseconds, and a chance after <c>@</c>.</summary>
    Milliseconds,

    /// <summary>One of some words, and a chance after <c>@</c>.</summary>
    Word,

    /// <summary>A whole number that is a setting of other faults.</summary>
    Setting,
}

/// <summary>A fault that can be asked for.</summary>
internal sealed record FaultKind(string Name, FaultValueKind Value, string Meaning, params string[] Words);

/// <summary>Every fault, for the parser and for <c>--help</c>.</summary>
internal static class FaultCatalog
{
    public static readonly IReadOnlyList<FaultKind> All =
    [
        new("seed", FaultValueKind.Setting, "what every draw depends on (0)"),
        new("post_429", FaultValueKind.Chance, "a POST is refused with Retry-After"),
        new("post_402", FaultValueKind.Chance, "a POST is refused: no budget"),
        new("refusal_details", FaultValueKind.Word, "what a 400 for the body says of where its faults are", "full", "none"),
        new("post_500_before", FaultValueKind.Chance, "a POST is answered 500 and nothing is accepted"),
        new("post_500_after", FaultValueKind.Chance, "a POST is accepted and answered 500"),
        new("post_555_before", FaultValueKind.Chance, "a POST is answered 555 and nothing is accepted"),
        new("post_555_after", FaultValueKind.Chance, "a POST is accepted and answered 555"),
        new("post_cut_after", FaultValueKind.Chance, "a POST is accepted and its connection cut"),
        new("post_slow_ms", FaultValueKind.Milliseconds, "a POST is accepted at once and answered late"),
        new("post_partial", FaultValueKind.Chance, "an input of a batch is not taken, and the answer says why"),
        new("get_429", FaultValueKind.Chance, "a GET is refused with Retry-After"),
        new("get_500", FaultValueKind.Chance, "a GET is answered 500"),
        new("get_gzip", FaultValueKind.Chance, "a GET is answered with Content-Encoding: gzip"),
        new("reply_wrap", FaultValueKind.Word, "what an answer is wrapped in", "response", "data"),
        new("retry_after_ms", FaultValueKind.Setting, "what a 429 asks for (1000); 0 for no wait"),
        new("retry_after_past", FaultValueKind.Chance, "a 429 asks for a date that is over"),
        new("webhook_lost", FaultValueKind.Chance, "the webhook is never sent"),
        new("webhook_repeat", FaultValueKind.Chance, "the webhook is sent twice"),
        new("webhook_late", FaultValueKind.Milliseconds, "the webhook is sent so much later"),
        new("webhook_early", FaultValueKind.Chance, "the webhook is sent before the POST is answered"),
        new("webhook_shuffle", FaultValueKind.Chance, "the webhook is held back for a random time of webhook_shuffle_ms"),
        new("webhook_shuffle_ms", FaultValueKind.Setting, "the longest such time (500)"),
        new("webhook_form", FaultValueKind.Word, "the webhook's body", "status_task", "task", "bare", "mixed"),
        new("webhook_state", FaultValueKind.Word, "the state in the webhook's body, as in the vendor's example", "pending"),
        new("task_fail", FaultValueKind.Chance, "the task ends in error"),
        new("task_never", FaultValueKind.Chance, "the task never ends"),
        new("task_slow_ms", FaultValueKind.Milliseconds, "the task starts so much later"),
        new("task_states", FaultValueKind.Word, "the words for states", "vendor", "wild"),
        new("null_tasks", FaultValueKind.Chance, "the task is null in the details of its batch"),
        new("batch_short", FaultValueKind.Chance, "neither the POST's answer nor the batch names the task"),
        new("task_twice", FaultValueKind.Chance, "an input has two tasks: the first fails, the second succeeds"),
        new("task_ids", FaultValueKind.Word, "the form of the task's id", "dotted", "base64url", "number", "mixed"),
        new("echo", FaultValueKind.Word, "what of its input a task repeats", "full", "input", "none"),
        new("result_status", FaultValueKind.Word, "the result document's own status", "skipped", "fatal", "error", "postponed", "ignored", "rejected", "blocked"),
        new("result_unfinished", FaultValueKind.Word, "what the API gives instead of the result at its first two reads", "pending", "html", "xml"),
        new("result_wrap", FaultValueKind.Word, "what the result is wrapped in, at the API and in the bucket", "array", "results"),
        new("object_late_ms", FaultValueKind.Milliseconds, "the object is written so long after the task has ended"),
        new("object_missing", FaultValueKind.Chance, "the object is not written"),
        new("object_truncated", FaultValueKind.Chance, "the object lacks its end"),
        new("object_bitflip", FaultValueKind.Chance, "one bit of the object is wrong"),
        new("object_empty", FaultValueKind.Chance, "the object has no bytes"),
        new("object_mislabelled", FaultValueKind.Chance, "gzip under .json, plain JSON under .json.gz"),
        new("object_trailing", FaultValueKind.Chance, "the object goes on after its end"),
        new("object_pending", FaultValueKind.Chance, "an unfinished answer lies in the object's place"),
        new("object_html", FaultValueKind.Chance, "a proxy's page lies in the object's place"),
        new("object_xml", FaultValueKind.Chance, "a store's error document lies in the object's place"),
        new("object_heal_ms", FaultValueKind.Setting, "a missing or damaged object is replaced by a good one after so long (never)"),
        new("object_etag", FaultValueKind.Chance, "the object's ETag looks like an MD5 and is none (S3)"),
        new("object_archived", FaultValueKind.Chance, "the object is archived, so reads are refused (S3)"),
        new("store_refused_ms", FaultValueKind.Milliseconds, "reads of the object are refused for so long"),
        new("store_refusal", FaultValueKind.Word, "how they are refused",
            "AccessDenied", "ExpiredToken", "InvalidAccessKeyId", "RequestTimeout"),
        new("store_clock_s", FaultValueKind.Setting, "seconds by which S3's clock is ahead; over 900, reads are refused (0)"),
        new("store_busy", FaultValueKind.Chance, "a read of an object is answered 503 SlowDown"),
        new("store_timeout", FaultValueKind.Chance, "a read of an object is answered 400 RequestTimeout"),
        new("store_cut", FaultValueKind.Chance, "the body of a read is cut off"),
        new("store_stall", FaultValueKind.Chance, "the body of a read stalls"),
        new("store_drip", FaultValueKind.Chance, "the body of a read goes on with a byte each two seconds"),
    ];

    public static readonly IReadOnlyDictionary<string, FaultKind> ByName = All.ToDictionary(k => k.Name);

    /// <summary>The grammar and the list, for people.</summary>
    public static string Describe()
    {
        var text = new StringBuilder("""
            Faults: name=value, separated by commas. Drawn from the seed and the index of the request or task, so a run can be repeated;
            what concerns a task is settled when the task is made, and survives restarts.
              a whole number          the next so many:       post_429=3
              a decimal, a per cent   that share:             webhook_lost=0.1   webhook_lost=10%
              always, or no value     every one:              webhook_form=bare,post_500_after
              value@chance            a value for some:       object_late_ms=3000@0.2   result_status=blocked@3

            """);
        foreach (var kind in All)
        {
            var words = kind.Words.Length > 0 ? $" ({string.Join(", ", kind.Words)})" : "";
            text.Append("  ").Append(kind.Name.PadRight(20)).Append(kind.Meaning).AppendLine(words);
        }
        return text.ToString();
    }
}

using System.Text;

namespace Pipeline.Emulator.Hostile;

/// <summary>Members that spoil a JSON object: invalid text, terminal controls, secrets and wrong types.</summary>
internal static class HostileText
{
    // Terminal title, clear screen, colour, link, bell, C1, right-to-left override, isolate, and line separators.
    private const string Controls =
        @"\u001b]0;owned\u0007\u001b[2J\u001b[31m\u001b]8;;http://x\u0007\u009b1A\r\b\u202e\u2066\u2028\u2029";

    /// <summary>
    /// The members as they appear inside an object, in UTF-8; those of <c>surrogate</c> also contain invalid UTF-8.
    /// </summary>
    /// <param name="kind"><c>surrogate</c>, <c>control</c>, <c>secret</c> or <c>types</c>.</param>
    /// <param name="secrets">The caller's secrets: its API key and its callback URL.</param>
    public static byte[] Members(string kind, IEnumerable<string> secrets) => kind switch
    {
        "surrogate" =>
        [
            .. """
                "\ud83d":"\udc00","tag":"\ud800\ud800","\udfff":{"\ud83d":[1]},"nul\u0000":"\u0000",
                "error_type":"\ud83d","bytes":"
                """u8,
            0xff, 0xfe, 0xed, 0xa0, 0x80, (byte)'"',
        ],
        "control" => Error(Controls),
        "secret" => Error(string.Join(' ', secrets.SelectMany(Escaped))),
        _ => """
            "id":[1],"task_id":{"a":1},"batch_id":1e999,"state":{"x":[]},"status":[],"tasks":7,"data":"x",
            "pagination":[],
            "status_code":-1e308,"created_at":{},"completed":"maybe","completed_count":1e400,"progress":"NaN",
            "input":[[]],
            "_query":"x","url":{"x":1},"error":{"a":[]},"error_type":7,"metadata":[],"next_cursor":{},"has_next":"yes"
            """u8.ToArray(),
    };

    /// <summary>The forms in which an API may repeat a secret, each as it appears inside a JSON string.</summary>
    internal static IEnumerable<string> Escaped(string secret)
    {
        var units = string.Concat(secret.Select(c => $@"\u{(int)c:x4}"));
        var percents = string.Concat(secret.Select(c => $"%{(int)c:X2}"));
        yield return secret;
        yield return units;
        yield return units.Replace(@"\u", @"\\u", StringComparison.Ordinal);
        yield return percents;
        yield return percents.Replace("%", "%25", StringComparison.Ordinal);
        yield return secret.Replace("/", "%2F", StringComparison.Ordinal);
        yield return secret.Replace("/", "%252F", StringComparison.Ordinal);
        yield return secret.Replace("/", "//", StringComparison.Ordinal);
        yield return secret.Replace("/", @"\/", StringComparison.Ordinal);
        yield return secret.Replace("/", @"\u002f", StringComparison.Ordinal);
        yield return secret.Replace("/", @"\\u002f", StringComparison.Ordinal);
    }

    private static byte[] Error(string text) => Encoding.UTF8.GetBytes(
        $"\"state\":\"error\",\"error\":\"{text}\",\"error_type\":\"{text}\","
            + $"\"msg\":\"{text}\",\"message\":\"{text}\"");
}

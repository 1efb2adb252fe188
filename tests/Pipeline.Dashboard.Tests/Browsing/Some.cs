namespace Pipeline.Dashboard.Tests.Browsing;

/// <summary>Inputs for tests.</summary>
internal static class Some
{
    /// <summary>Twenty texts that would do something if they were more than text.</summary>
    public static readonly IReadOnlyList<string> Hostile =
    [
        "<script>window.pwned=1</script>", "\"><img src=x onerror=window.pwned=1>", "'-window.pwned=1-'",
        "</textarea><script>window.pwned=1</script>", "</title><svg onload=window.pwned=1>",
        "javascript:window.pwned=1",
        "{{7*7}}${7*7}@(7*7)", "<iframe srcdoc='<script>parent.pwned=1</script>'>", "<style>*{display:none}</style>",
        "<base href=//evil.example/>", "<meta http-equiv=refresh content=0;url=//evil.example>", "&lt;script&gt;",
        "a\u202Egnp.exe", "\u2066\u2067x\u2069", "\u200B\u200E\u200Fhidden", "e\u0301\u0302\u0303\u0304\u0305\u0306",
        "\uFEFFbom\u00ADsoft", "שלום-مرحبا", new string('a', 60_000), "<!--" + new string('x', 3000),
    ];

    /// <summary>Small pages of the emulator's own site.</summary>
    public static IReadOnlyList<string> Urls(int count) =>
        [.. Enumerable.Range(0, count).Select(n => $"http://sample.test/sample/generated/{n}?bytes=500")];
}

using System.Text.Json;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.EndToEnd;

/// <summary>The output of a run.</summary>
internal sealed record RunOutcome(
    int ExitCode, IReadOnlyList<string> RecordLines, IReadOnlyList<string> FailureLines, JsonElement Manifest,
    IReadOnlyList<JsonElement> Posts)
{
    public IReadOnlyList<JsonElement> Records { get; } = [.. RecordLines.Select(line => JsonElement.Parse(line))];

    public IReadOnlyList<JsonElement> Failures { get; } = [.. FailureLines.Select(line => JsonElement.Parse(line))];

    /// <summary>Number of results by what reported them: webhook, sweep or listing.</summary>
    public long DiscoveredBy(string how) =>
        Manifest.GetProperty("learnt").TryGetProperty(how, out var count) ? count.GetInt64() : 0;

    /// <summary>The single reason that all failures have.</summary>
    public string Reason => Assert.Single(Failures.Select(f => f.GetProperty("reason").GetString()!).Distinct());

    /// <summary>The list.</summary>
    public string ListId => Manifest.GetProperty("list_id").GetString()!;

    /// <summary>Checks the promises that every run must keep, whatever went wrong in it.</summary>
    public void CheckPromises()
    {
        Assert.All(
            [.. RecordLines, .. FailureLines, Manifest.GetRawText()],
            line => Assert.Empty(RecordSchema.Validate(line)));
        var ids = Records.Concat(Failures).Select(r => r.GetProperty("id").GetString()).ToList();
        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.Equal(Manifest.GetProperty("inputs").GetInt64(), ids.Count);
        Assert.Equal(Manifest.GetProperty("records").GetInt64(), Records.Count);
        Assert.Equal(Manifest.GetProperty("failures").GetInt64(), Failures.Count);
        var posted = Posts.Select(p => p.GetProperty("callback_path").GetString()).ToList();
        Assert.Equal(posted.Count, posted.Distinct().Count());
    }
}

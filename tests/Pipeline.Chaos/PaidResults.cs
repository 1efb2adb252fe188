using System.Globalization;
using System.Text.Json;

namespace Pipeline.Chaos;

/// <summary>
/// The successful results that the API has, by URL. An input that fails although it had one when it was given up counts
/// as lost.
/// </summary>
internal sealed class PaidResults(Func<string, Task<JsonElement?>> ask, Func<string, Task<bool>> exists)
{
    private const int UnfinishedReads = 2;

    // A result that arrives just as its input is given up does not count as lost.
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(2);

    // The length of the evidence window in these trials. The last check may miss what a busy API accepts at its end.
    private static readonly TimeSpan UnprovenMargin = TimeSpan.FromSeconds(5);

    private readonly List<(string Url, string TaskId, DateTimeOffset EndedAt, string? Object)> _good = [];

    /// <summary>Reads the API's list of tasks.</summary>
    public async Task ReadAsync()
    {
        var cursor = "";
        while (await ask($"v1/tasks?limit=1000{cursor}") is { } page)
        {
            foreach (var task
                in page.GetProperty("data").EnumerateArray().Where(
                    t => t.GetProperty("state").GetString() is "success" or "completed"))
                _good.Add((await UrlOfAsync(task), task.GetProperty("id").GetString()!,
                    TimeOf(task.GetProperty("modified_at")),
                    task.TryGetProperty("output_url", out var url) ? url.GetString() : null));
            if (page.GetProperty("pagination").GetProperty("next_cursor").GetString() is not { } next)
                return;
            cursor = $"&cursor={Uri.EscapeDataString(next)}";
        }
    }

    /// <summary>
    /// Finds a result that a failed input had when it was given up; null if there was none, or nothing could assign it
    /// to the input.
    /// </summary>
    public async Task<string?> FindAsync(JsonElement failure)
    {
        var (url, givenUpAt) = (failure.GetProperty("url").GetString(), TimeOf(failure.GetProperty("last_attempt_at")));
        var isUnproven = failure.GetProperty("reason").GetString() == "submission_unknown";
        var knownSince = givenUpAt - (isUnproven ? UnprovenMargin : Margin);
        foreach (var task in _good.Where(t => t.Url == url && t.EndedAt < knownSince))
        {
            // Without an echo, only the location of the object assigns it to the input.
            if (isUnproven && task.Object?.StartsWith("s3://", StringComparison.Ordinal) != true)
                continue;
            if (isUnproven && !await exists($"s3/{task.Object!["s3://".Length..]}"))
                continue;
            if (await ReadResultAsync(ask, task.TaskId) is { } result
                && result.GetProperty("status").GetString() == "success")
                return $"task {task.TaskId} had a result since {task.EndedAt:O}";
        }

        return null;
    }

    /// <summary>Reads a task's finished result, unwrapped; null if there is none.</summary>
    public static async Task<JsonElement?> ReadResultAsync(Func<string, Task<JsonElement?>> ask, string taskId)
    {
        JsonElement? result = null;
        for (var reads = 0; reads <= UnfinishedReads; reads++)
        {
            result = await ask($"v1/tasks/{taskId}/results");
            if (result is { ValueKind: JsonValueKind.Object } one && one.TryGetProperty("results", out var several))
                result = several;
            if (result is { ValueKind: JsonValueKind.Array } array)
                result = array[0];
            if (result?.TryGetProperty("url", out _) == true)
                return result;
        }

        return null;
    }

    private async Task<string> UrlOfAsync(JsonElement task)
    {
        if (task.TryGetProperty("input", out var echo) && echo.TryGetProperty("url", out var url))
            return url.GetString()!;
        return await ReadResultAsync(ask, task.GetProperty("id").GetString()!) is { } result
            ? result.GetProperty("url").GetString()!
            : "";
    }

    private static DateTimeOffset TimeOf(JsonElement time) =>
        DateTimeOffset.Parse(time.GetString()!, CultureInfo.InvariantCulture);
}

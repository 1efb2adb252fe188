using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using Pipeline.Emulator.Hostile;

namespace Pipeline.Chaos;

/// <summary>
/// Compares the output with what the API accepted and delivered. It uses only the files and the emulator's own account,
/// never the ledger.
/// </summary>
internal sealed class Auditor(HttpClient http, Uri api, string folder, IReadOnlyList<string> urls)
{
    private const int LongLine = 1 << 20;

    private static readonly string[] Good = ["success", "completed"];

    public async Task AuditAsync(Verdict verdict)
    {
        var records = Read("records.ndjson", verdict);
        var failures = Read("failures.ndjson", verdict);
        verdict.Urls += urls.Count;
        verdict.Records += records.Count;
        verdict.Failures += failures.Count;
        CountOutcomes(records.Concat(failures), verdict);
        CheckManifest(records.Count, failures.Count, verdict);
        CheckExports(verdict);
        var posted = await CountPostsAsync(verdict);
        // The API's answers about a hostile list are hostile too, so they prove nothing.
        foreach (var record in records.Where(IsHonest))
            await CompareAsync(record, verdict);
        var results = new PaidResults(AskAsync, ExistsAsync);
        // With a wrong clock, times do not show what happened first.
        if (verdict.Plan.Kind is not (TrialKind.Clock or TrialKind.Hostile))
            await results.ReadAsync();
        foreach (var failure in failures.Where(IsHonest))
        {
            await CheckFailureAsync(failure, posted, verdict);
            if (verdict.Plan.Kind == TrialKind.Hostile)
                verdict.Starved.Add(
                    $"{Text(failure, "url")} ended as {Text(failure, "reason")}: {Text(failure, "message")}");
            if (await results.FindAsync(failure) is { } found)
                verdict.Lost.Add($"{Text(failure, "url")} ended as {Text(failure, "reason")}, but {found}");
        }
    }

    /// <summary>
    /// Checks that every list was exported whole. A run does not wait for a message that another worker holds.
    /// </summary>
    private void CheckExports(Verdict verdict)
    {
        var plan = verdict.Plan;
        if (!plan.Exports || plan.IsOverAzure || plan.TwoAtLast
            || plan.Interruptions.Any(blow => blow.Blow is Blow.Freeze or Blow.Two))
            return;
        var notes = Directory.GetFiles(Path.Combine(folder, "exports", "_lists"));
        if (notes.Length == 0)
            verdict.Lost.Add("no list was exported");
        verdict.Lost.AddRange(notes
            .Where(note => !JsonElement.Parse(File.ReadAllText(note)).GetProperty("complete").GetBoolean())
            .Select(note => $"the export of list {Path.GetFileNameWithoutExtension(note)} is not complete"));
    }

    /// <summary>The callback paths that were given to the API, without their tokens.</summary>
    public static async Task<IReadOnlyList<string>> CallbackPathsAsync(HttpClient http, Uri api)
    {
        var stats = await http.GetFromJsonAsync<JsonElement>(new Uri(api, "_admin/stats?urls=false"));
        return
        [
            .. stats.GetProperty("posts").EnumerateArray().Select(
                p => p.GetProperty("callback_path").GetString()).OfType<string>(),
        ];
    }

    /// <summary>Number of inputs in the manifest; 0 if there is no manifest yet.</summary>
    public static long InputsOfManifest(string folder)
    {
        var path = Path.Combine(folder, "manifest.json");
        return File.Exists(path) ? JsonElement.Parse(File.ReadAllText(path)).GetProperty("inputs").GetInt64() : 0;
    }

    /// <summary>Whether the manifest has a list with this number of inputs.</summary>
    public static bool HasList(string folder, long inputs)
    {
        var path = Path.Combine(folder, "manifest.json");
        return File.Exists(path)
            && Lists(JsonElement.Parse(File.ReadAllText(path))).Any(l => l.GetProperty("inputs").GetInt64() == inputs);
    }

    private static IEnumerable<JsonElement> Lists(JsonElement manifest) =>
        manifest.TryGetProperty("lists", out var several) ? several.EnumerateArray().ToList() : [manifest];

    private static bool IsHonest(JsonElement outcome) =>
        !Text(outcome, "url").Contains(HostileMark.Word, StringComparison.Ordinal);

    private static string Digest(string path, int bytes)
    {
        var all = File.ReadAllBytes(path);
        return bytes <= all.Length ? Convert.ToHexStringLower(SHA256.HashData(all.AsSpan(0, bytes))) : "";
    }

    private List<JsonElement> Read(string fileName, Verdict verdict)
    {
        var path = Path.Combine(folder, fileName);
        var lines = new List<JsonElement>();
        if (!File.Exists(path))
            return lines;
        using (var file = File.OpenRead(path))
        {
            file.Seek(-Math.Min(1, file.Length), SeekOrigin.End);
            if (file.Length > 0 && file.ReadByte() != '\n')
                verdict.Damaged.Add($"{fileName} ends within a line");
        }

        foreach (var line in File.ReadLines(path).Where(line => line.Length > 0))
        {
            try
            {
                lines.Add(Reduce(JsonElement.Parse(line), line.Length));
            }
            catch (JsonException problem)
            {
                verdict.Damaged.Add($"a line of {fileName} is not JSON: {problem.Message}");
            }
        }

        return lines;
    }

    /// <summary>What is kept of an outcome: of a huge one of the hostile list, only whose it is.</summary>
    private static JsonElement Reduce(JsonElement outcome, int length) => length < LongLine || IsHonest(outcome)
        ? outcome
        : JsonElement.Parse($"{{\"url\":{outcome.GetProperty("url").GetRawText()}}}");

    private void CountOutcomes(IEnumerable<JsonElement> outcomes, Verdict verdict)
    {
        var counts = outcomes.CountBy(o => Text(o, "url")).ToDictionary();
        verdict.Lost.AddRange(urls.Where(url => !counts.ContainsKey(url)));
        verdict.Duplicated.AddRange(counts.Where(c => c.Value > 1).Select(c => $"{c.Key} {c.Value} times"));
        verdict.Damaged.AddRange(counts.Keys.Except(urls).Select(url => $"{url} is not in the list"));
    }

    private void CheckManifest(int records, int failures, Verdict verdict)
    {
        var path = Path.Combine(folder, "manifest.json");
        if (!File.Exists(path))
        {
            verdict.Lost.Add("the manifest");
            return;
        }

        var manifest = JsonElement.Parse(File.ReadAllText(path));
        long Count(string name) => manifest.GetProperty(name).GetInt64();
        if ((Count("inputs"), Count("records"), Count("failures")) != (urls.Count, records, failures))
            verdict.Lost.Add(
                $"the manifest says {Count("inputs")} = {Count("records")} + {Count("failures")}, the files "
                    + $"{urls.Count} = {records} + {failures}");
        // A list's digest covers the file up to its length at the time when the list closed.
        foreach (var location
            in Lists(manifest)
                .SelectMany(l => l.GetProperty("locations").EnumerateArray())
                .Where(l => Text(l, "uri").StartsWith("file:", StringComparison.Ordinal)))
            if (Text(location, "sha256")
                != Digest(Path.Combine(folder, "records.ndjson"), location.GetProperty("bytes").GetInt32()))
                verdict.Damaged.Add("records.ndjson does not match the manifest's digest");
    }

    private async Task<HashSet<string>> CountPostsAsync(Verdict verdict)
    {
        var stats = await http.GetFromJsonAsync<JsonElement>(new Uri(api, "_admin/stats"));
        var posted = stats.GetProperty("posts").EnumerateArray().SelectMany(
            p => p.GetProperty("urls").EnumerateArray()).CountBy(u => u.GetString()!).ToDictionary();
        verdict.DoublePosted.AddRange(posted.Where(p => p.Value > 1).Select(p => $"{p.Key} {p.Value} times"));
        return [.. posted.Keys];
    }

    /// <summary>Compares a record's content, byte for byte, with the API's result for the same task and URL.</summary>
    private async Task CompareAsync(JsonElement record, Verdict verdict)
    {
        if (await PaidResults.ReadResultAsync(AskAsync, Text(record, "task_id")) is not { } result)
        {
            verdict.Damaged.Add($"{Text(record, "url")}: the API has no result for task {Text(record, "task_id")}");
            return;
        }

        if (Text(result, "url") != Text(record, "url") || Text(result, "status") != "success")
            verdict.Damaged.Add(
                $"{Text(record, "url")} has the result of {Text(result, "url")}, status {Text(result, "status")}");
        foreach (var part in record.GetProperty("content").EnumerateObject())
            if (!result.GetProperty("data").TryGetProperty(part.Name, out var delivered)
                || delivered.GetRawText() != part.Value.GetRawText())
                verdict.Damaged.Add($"{Text(record, "url")}: {part.Name} is not what was delivered");
        if (!record.GetProperty("content").EnumerateObject().Any())
            verdict.Damaged.Add($"{Text(record, "url")} has no content");
    }

    /// <summary>
    /// Checks that a failure agrees with the API: a task that is said to have failed did fail, and an input that is
    /// said to have been refused was never accepted.
    /// </summary>
    private async Task CheckFailureAsync(JsonElement failure, HashSet<string> posted, Verdict verdict)
    {
        var (url, reason) = (Text(failure, "url"), Text(failure, "reason"));
        var task = failure.TryGetProperty("task_id", out var id) && id.ValueKind == JsonValueKind.String
            ? await AskAsync($"v1/tasks/{id.GetString()}")
            : null;
        if (reason == "task_failed" && task?.GetProperty("task").GetProperty("state").GetString() is { } state
            && Good.Contains(state))
            verdict.Lost.Add($"{url} ended as task_failed, but its task {id} is '{state}'");
        if (reason == "submission_refused" && posted.Contains(url))
            verdict.Lost.Add($"{url} ended as submission_refused, but it was accepted");
        if (reason == "internal_error")
            verdict.Lost.Add($"{url} ended as internal_error: {Text(failure, "message")}");
        if (reason is not ("task_failed" or "result_failed" or "submission_refused"))
            verdict.GivenUp[reason] = verdict.GivenUp.GetValueOrDefault(reason) + 1;
    }

    private async Task<JsonElement?> AskAsync(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(api, path));
        request.Headers.Authorization = new("Bearer", "chaos");
        using var answer = await http.SendAsync(request);
        return answer.IsSuccessStatusCode && answer.Content.Headers.ContentType?.MediaType == "application/json"
            ? JsonElement.Parse(await answer.Content.ReadAsStringAsync())
            : null;
    }

    private async Task<bool> ExistsAsync(string path)
    {
        using var answer = await http.GetAsync(new Uri(api, path), HttpCompletionOption.ResponseHeadersRead);
        return answer.IsSuccessStatusCode;
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;
}

using System.Text.Json;
using Pipeline.Emulator.Api.Tasks;
using Pipeline.Emulator.Faults;
using Pipeline.Emulator.Store;

namespace Pipeline.Emulator.Api;

/// <summary>
/// <c>/_admin/faults</c> (GET, PUT, DELETE) and <c>/_admin/stats</c>, for tests and auditors; Nimble's API has neither.
/// <see cref="CallerAccess"/> decides whom they answer. They never show a callback's token.
/// </summary>
internal sealed class AdminEndpoints(CallerAccess access, ApiGate gate, FaultInjector faults, TaskStore store)
{
    public Task GetFaultsAsync(HttpContext context) => GuardAsync(context, () => ShowFaultsAsync(context));

    /// <summary>
    /// Replaces all faults by those of the body, <c>{"name": value, ...}</c>. Values are as on the command line: a
    /// number without a decimal point is a count.
    /// </summary>
    public Task PutFaultsAsync(HttpContext context) => GuardAsync(context, async () =>
    {
        try
        {
            using var body = await JsonDocument.ParseAsync(
                context.Request.Body, cancellationToken: context.RequestAborted);
            if (body.RootElement.ValueKind != JsonValueKind.Object)
                throw new FormatException("The body must be a JSON object such as {\"post_429\": 2}.");
            faults.Replace(
                FaultSet.FromPairs(body.RootElement.EnumerateObject().Select(f => (f.Name, ValueOf(f.Value)))));
        }
        catch (Exception error) when (error is JsonException or FormatException)
        {
            await Replies.InvalidAsync(context, [error.Message]);
            return;
        }
        await ShowFaultsAsync(context);
    });

    public Task DeleteFaultsAsync(HttpContext context) => GuardAsync(context, () =>
    {
        faults.Replace(FaultSet.None);
        return ShowFaultsAsync(context);
    });

    /// <summary>
    /// Writes every accepted POST, in order, and counts of the work done. <c>?urls=false</c> omits the URLs.
    /// </summary>
    public Task GetStatsAsync(HttpContext context) => GuardAsync(context, () => Replies.ObjectAsync(context, 200, w =>
    {
        var withUrls = context.Request.Query["urls"] != "false";
        w.WriteStartArray("posts");
        for (List<PostRow> page = store.GetPosts(0, 100); page.Count > 0; page = store.GetPosts(page[^1].Seq, 100))
            page.ForEach(post => WritePost(w, post, withUrls));
        w.WriteEndArray();
        var totals = store.GetTotals();
        w.WriteStartObject("tasks");
        w.WriteNumber("total", store.TaskCount);
        w.WriteNumber("pending", totals.Pending);
        w.WriteNumber("success", totals.Success);
        w.WriteNumber("error", totals.Error);
        w.WriteEndObject();
        w.WriteNumber("requests", gate.Requests);
        w.WriteNumber("objects_delivered", totals.Objects);
        w.WriteNumber("callbacks_attempted", totals.Calls);
        w.WriteNumber("callbacks_accepted", totals.CallsTaken);
        w.WriteNumber("jobs_waiting", store.CountJobs());
    }));

    private static string ValueOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Number => value.GetRawText(),
        JsonValueKind.True => "always",
        _ =>
            throw new FormatException(
                $"A fault cannot have the value {value.GetRawText()}. Use a number, a string or true."),
    };

    private Task ShowFaultsAsync(HttpContext context) => Replies.ObjectAsync(context, 200, w =>
    {
        foreach (var (name, fault) in faults.Current.Faults)
            w.WriteString(name, fault.ToString());
    });

    private void WritePost(Utf8JsonWriter writer, PostRow post, bool withUrls)
    {
        writer.WriteStartObject();
        writer.WriteString("batch_id", post.IsBatch ? post.Id : null);
        writer.WriteString("task_id", post.IsBatch ? null : post.Id);
        writer.WriteNumber("inputs", post.Inputs);
        writer.WriteString("callback_path", post.Delivery.CallbackUrl is { } url ? HiddenToken.PathOf(url) : null);
        writer.WriteString("storage_url", post.Delivery.StorageUrl);
        writer.WriteString("answered", post.Answered);
        writer.WriteString("created_at", TaskJson.Time(post.CreatedAt));
        if (withUrls)
        {
            writer.WriteStartArray("urls");
            foreach (var input in store.GetUrlsOf(post.Seq))
                writer.WriteStringValue(input);
            writer.WriteEndArray();
        }
        writer.WriteEndObject();
    }

    private Task GuardAsync(HttpContext context, Func<Task> handle) => access.IsAllowed(context)
        ? handle()
        : Replies.FailedAsync(context, 403, "The admin endpoints are open to this machine only.");
}

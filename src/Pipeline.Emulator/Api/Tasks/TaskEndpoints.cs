using System.Collections.Concurrent;
using System.Text.Json;
using Pipeline.Emulator.Faults;
using Pipeline.Emulator.Hostile;
using Pipeline.Emulator.Store;
using Pipeline.Emulator.Work;
using Pipeline.Emulator.Work.Results;

namespace Pipeline.Emulator.Api.Tasks;

/// <summary><c>GET tasks</c>, <c>GET tasks/{id}</c>, <c>GET tasks/{id}/results</c>.</summary>
internal sealed class TaskEndpoints(TaskStore store, TaskResults results, RunningTasks running, HostileReplies hostile)
{
    private const int UnfinishedReads = 2;

    private readonly ConcurrentDictionary<long, int> _reads = new();

    /// <summary>The root of the API as the caller addressed it, including the version.</summary>
    public static string RootOf(HttpRequest request) => $"{request.Scheme}://{request.Host}{request.Path.Value![..3]}";

    /// <summary>Whether the caller uses <c>/v2</c>, as the vendor's current SDK does.</summary>
    public static bool IsV2(HttpRequest request) => request.Path.StartsWithSegments("/v2");

    /// <summary>Writes the member that only the vendor's current SDK expects in answers to GET.</summary>
    public static void WriteStatus(Utf8JsonWriter writer, HttpRequest request)
    {
        if (IsV2(request))
            writer.WriteString("status", "success");
    }

    public async Task ListAsync(HttpContext context)
    {
        var errors = new List<string>();
        var page = ListPage.Read(context.Request, 100, 1000, errors);
        if (errors.Count > 0)
        {
            await Replies.InvalidAsync(context, errors);
            return;
        }
        var tasks = store.GetTasks(page.Before, page.Limit + 1);
        var root = RootOf(context.Request);
        await Replies.ObjectAsync(context, 200, w =>
        {
            w.WriteStartArray("data");
            foreach (var task in tasks.Take(page.Limit))
                TaskJson.Write(w, task, State(task), root);
            w.WriteEndArray();
            var next = hostile.TargetList(context) ?? (tasks.Count > page.Limit ? tasks[page.Limit - 1].Seq : null);
            ListPage.WritePagination(w, next, store.TaskCount);
        });
    }

    public async Task GetAsync(HttpContext context)
    {
        if (await FindAsync(context) is not { } task)
            return;
        await Replies.ObjectAsync(context, 200, w =>
        {
            WriteStatus(w, context.Request);
            w.WritePropertyName("task");
            TaskJson.Write(w, task, State(task), RootOf(context.Request));
        });
    }

    public async Task GetResultsAsync(HttpContext context)
    {
        if (await FindAsync(context) is not { } task)
            return;
        if (task.State != TaskState.Success)
        {
            await Replies.FailedAsync(
                context, 404,
                task.Error is null
                    ? $"Task {task.Id} has no result yet."
                    : $"Task {task.Id} has no result: {task.Error}");
            return;
        }
        if (task.Faults.ResultUnfinished is { } form
            && _reads.AddOrUpdate(task.Seq, 1, (_, reads) => reads + 1) <= UnfinishedReads)
        {
            context.Response.ContentType = NoResult.ContentType(form);
            await context.Response.Body.WriteAsync(NoResult.Bytes(form), context.RequestAborted);
            return;
        }
        await using var file = results.Open(task);
        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.ContentLength = file.Length;
        await file.CopyToAsync(context.Response.Body, context.RequestAborted);
    }

    private string State(TaskRow task) => TaskStateNames.Name(task, running.Contains(task.Seq), inBatch: false);

    private async Task<TaskRow?> FindAsync(HttpContext context)
    {
        var id = (string)context.GetRouteValue("id")!;
        var task = store.GetTask(id);
        if (task is null)
        {
            await Replies.FailedAsync(context, 404, $"There is no task '{id}'.");
            return null;
        }

        hostile.TargetReply(context, [task.Input], task.Delivery);
        context.Response.Headers["x-task-id"] = task.Id;
        return task;
    }
}

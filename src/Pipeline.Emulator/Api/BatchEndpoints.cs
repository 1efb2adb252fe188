using System.Text.Json;
using Pipeline.Emulator.Api.Tasks;
using Pipeline.Emulator.Hostile;
using Pipeline.Emulator.Store;
using Pipeline.Emulator.Work;

namespace Pipeline.Emulator.Api;

/// <summary><c>GET batches</c>, <c>GET batches/{id}</c>, <c>GET batches/{id}/progress</c>.</summary>
internal sealed class BatchEndpoints(TaskStore store, RunningTasks running, HostileReplies hostile)
{
    public async Task ListAsync(HttpContext context)
    {
        var errors = new List<string>();
        var page = ListPage.Read(context.Request, 20, 100, errors);
        if (errors.Count > 0)
        {
            await Replies.InvalidAsync(context, errors);
            return;
        }
        var batches = store.GetBatches(page.Before, page.Limit + 1);
        await Replies.ObjectAsync(context, 200, w =>
        {
            w.WriteStartArray("data");
            foreach (var batch in batches.Take(page.Limit))
            {
                w.WriteStartObject();
                WriteProgress(w, batch);
                w.WriteString("created_at", TaskJson.Time(batch.CreatedAt));
                w.WriteStartArray("tasks");
                foreach (var task in store.GetTasksOf(batch.Seq).Where(t => !t.Faults.Unnamed))
                    w.WriteStringValue(task.Id);
                w.WriteEndArray();
                w.WriteEndObject();
            }
            w.WriteEndArray();
            var next = hostile.TargetList(context) ?? (batches.Count > page.Limit ? batches[page.Limit - 1].Seq : null);
            ListPage.WritePagination(w, next, store.GetTotals().Batches);
        });
    }

    public async Task GetAsync(HttpContext context)
    {
        if (await FindAsync(context) is not { } batch)
            return;
        await Replies.ObjectAsync(context, 200, w =>
        {
            TaskEndpoints.WriteStatus(w, context.Request);
            WriteProgress(w, batch);
            w.WriteString("created_at", TaskJson.Time(batch.CreatedAt));
            w.WriteNumber("batch_size", batch.Inputs);
            w.WriteStartArray("tasks");
            foreach (var task in store.GetTasksOf(batch.Seq).Where(t => !t.Faults.Unnamed))
            {
                if (task.Faults.Null)
                    w.WriteNullValue();
                else
                    TaskJson.Write(
                        w, task, TaskStateNames.Name(task, running.Contains(task.Seq), inBatch: true),
                        TaskEndpoints.RootOf(context.Request));
            }
            w.WriteEndArray();
        });
    }

    public async Task GetProgressAsync(HttpContext context)
    {
        if (await FindAsync(context) is not { } batch)
            return;
        await Replies.ObjectAsync(context, 200, w =>
        {
            TaskEndpoints.WriteStatus(w, context.Request);
            WriteProgress(w, batch);
        });
    }

    private void WriteProgress(Utf8JsonWriter writer, PostRow batch)
    {
        var progress = store.GetProgress(batch);
        writer.WriteString("id", batch.Id);
        writer.WriteBoolean("completed", progress.LastFinishedAt is not null);
        writer.WriteNumber("completed_count", progress.Completed);
        writer.WriteNumber("progress", Math.Round((double)progress.Completed / batch.Inputs, 4));
        writer.WriteString("completed_at", progress.LastFinishedAt is { } last ? TaskJson.Time(last) : null);
    }

    private async Task<PostRow?> FindAsync(HttpContext context)
    {
        var id = (string)context.GetRouteValue("id")!;
        var batch = store.GetBatch(id);
        if (batch is null)
            await Replies.FailedAsync(context, 404, $"There is no batch '{id}'.");
        else
            hostile.TargetReply(context, store.GetTasksOf(batch.Seq).Select(t => t.Input), batch.Delivery);
        return batch;
    }
}

using System.Text.Json;
using Pipeline.Emulator.Api.Tasks;
using Pipeline.Emulator.Faults;
using Pipeline.Emulator.Hostile;
using Pipeline.Emulator.Store;
using Pipeline.Emulator.Work;

namespace Pipeline.Emulator.Api;

/// <summary><c>POST extract/async</c> and <c>POST extract/batch</c>.</summary>
internal sealed class ExtractEndpoints(
    EmulatorOptions options, TaskStore store, TaskPlanner planner, FaultInjector faults, HostileReplies hostile,
        JobSignals signals,
    IHostApplicationLifetime lifetime)
{
    public const int MaxBodyBytes = 16 << 20;

    private static readonly TimeSpan LongestWaitForWebhook = TimeSpan.FromSeconds(10);

    private long _posts = store.PostCount;

    public Task AsyncAsync(HttpContext context) => SubmitAsync(context, SubmissionReader.ReadAsync);

    public Task BatchAsync(HttpContext context) => SubmitAsync(context, SubmissionReader.ReadBatch);

    private async Task SubmitAsync(HttpContext context, Func<JsonElement, List<string>, Submission?> read)
    {
        var index = Interlocked.Increment(ref _posts);
        if (await BreakBeforeAsync(context, index))
            return;
        var errors = new List<string>();
        if (await ReadBodyAsync(context, read, errors) is not { } submission)
        {
            if (faults.Word("refusal_details", index) == "none")
                await Replies.FailedAsync(context, 400, "The request is not valid.");
            else
                await Replies.InvalidAsync(context, errors);
            return;
        }
        if (TaskEndpoints.IsV2(context.Request))
            submission = submission with { Delivery = submission.Delivery with { IsV2 = true } };
        hostile.TargetReply(context, submission.Inputs, submission.Delivery);
        var answer = AnswerFor(index);
        var rejected = planner.DrawRejected(submission, index);
        var refused = rejected.Select(i => (Index: i, Input: submission.Inputs[i])).ToList();
        var accepted = submission.Inputs.Where((_, i) => !rejected.Contains(i));
        var (post, tasks) = planner.Plan(submission with { Inputs = [.. accepted] }, answer);
        await store.AddAsync(post, tasks);
        signals.Wake(JobKind.Extract);
        await HoldAsync(post, tasks, faults.Milliseconds("post_slow_ms", index), context.RequestAborted);
        context.Response.Headers["x-task-id"] = post.Id;
        await AnswerAsync(context, answer, post, tasks, refused);
    }

    private async Task<bool> BreakBeforeAsync(HttpContext context, long index)
    {
        if (faults.Happens("post_429", index))
            await Replies.TooManyAsync(
                context, faults.Setting("retry_after_ms", 1000), faults.Happens("retry_after_past", index));
        else if (faults.Happens("post_402", index))
            await Replies.FailedAsync(context, 402, "This account's budget is used up.");
        else if (faults.Happens("post_500_before", index))
            await Replies.BrokenAsync(context, 500, null, "Injected: internal error before acceptance.");
        else if (faults.Happens("post_555_before", index))
            await Replies.BrokenAsync(context, 555, null, "Injected: timeout before acceptance.");
        else
            return false;
        return true;
    }

    private string AnswerFor(long index) =>
        faults.Happens("post_cut_after", index) ? "cut"
        : faults.Happens("post_500_after", index) ? "500"
        : faults.Happens("post_555_after", index) ? "555"
        : "200";

    private static async Task<Submission?> ReadBodyAsync(
        HttpContext context, Func<JsonElement, List<string>, Submission?> read, List<string> errors)
    {
        try
        {
            using var body = await JsonDocument.ParseAsync(
                context.Request.Body, cancellationToken: context.RequestAborted);
            return read(body.RootElement, errors);
        }
        catch (JsonException error)
        {
            errors.Add(
                $"body: must be valid JSON; the error is in line {error.LineNumber + 1}, byte "
                    + $"{error.BytePositionInLine}");
            return null;
        }
    }

    /// <summary>
    /// Delays the answer if a fault says so: by a time, or until the webhooks that must come first were sent.
    /// </summary>
    private async Task HoldAsync(PostRow post, List<TaskRow> tasks, int slowMs, CancellationToken aborted)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(aborted, lifetime.ApplicationStopping);
        try
        {
            await Task.Delay(TimeSpan.FromMilliseconds(slowMs), options.Time, stop.Token);
            var early = post.Delivery.CallbackUrl is null
                ? []
                : tasks.Where(t => t.Faults.WebhookEarly).Select(t => t.Seq).ToList();
            var deadline = options.Time.GetUtcNow() + LongestWaitForWebhook;
            while (early.Count > 0 && options.Time.GetUtcNow() < deadline && store.IsAnyUncalled(post.Seq, early))
                await Task.Delay(TimeSpan.FromMilliseconds(10), options.Time, stop.Token);
        }
        catch (OperationCanceledException)
        {
            // The client has gone or the emulator stops. The POST stays accepted either way.
        }
    }

    private static Task AnswerAsync(
        HttpContext context, string answer, PostRow post, List<TaskRow> tasks,
        IReadOnlyList<(int Index, string Input)> refused)
    {
        var taskId = post.IsBatch ? null : post.Id;
        switch (answer)
        {
            case "cut":
                context.Abort();
                return Task.CompletedTask;
            case "500":
                return Replies.BrokenAsync(context, 500, taskId, "Injected: internal error after acceptance.");
            case "555":
                return Replies.BrokenAsync(context, 555, taskId, "Injected: timeout after acceptance.");
        }
        return Replies.ObjectAsync(context, 200, w =>
        {
            if (post.IsBatch)
                WriteBatch(w, post, tasks, refused, context.Request);
            else
                WriteTask(w, tasks[0], context.Request);
        });
    }

    private static void WriteTask(Utf8JsonWriter writer, TaskRow task, HttpRequest request)
    {
        writer.WriteString("status", "success");
        writer.WritePropertyName("task");
        var state = TaskStateNames.Name(task, running: false, inBatch: false);
        TaskJson.Write(writer, task, state, TaskEndpoints.RootOf(request));
    }

    private static void WriteBatch(
        Utf8JsonWriter writer,
        PostRow post,
        List<TaskRow> tasks,
        IReadOnlyList<(int Index, string Input)> refused,
        HttpRequest request)
    {
        writer.WriteString("batch_id", post.Id);
        writer.WriteNumber("batch_size", tasks.Count);
        writer.WriteStartArray("tasks");
        foreach (var task in tasks.Where(t => !t.Faults.Unnamed).OrderBy(t => t.Seq))
            WriteAccepted(writer, task, request);
        writer.WriteEndArray();
        if (refused.Count > 0)
            WriteRefused(writer, refused);
    }

    private static void WriteRefused(Utf8JsonWriter writer, IReadOnlyList<(int Index, string Input)> refused)
    {
        writer.WriteStartArray("errors");
        foreach (var (index, input) in refused)
        {
            writer.WriteStartObject();
            writer.WriteNumber("index", index);
            writer.WritePropertyName("input");
            writer.WriteRawValue(input, skipInputValidation: true);
            writer.WriteString("message", "Injected: this input is rejected.");
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    /// <summary>
    /// Writes a task of the answer to a batch POST: three members as in the API's documents, or the whole task as in
    /// the SDK's types.
    /// </summary>
    private static void WriteAccepted(Utf8JsonWriter writer, TaskRow task, HttpRequest request)
    {
        var state = TaskStateNames.Name(task, running: false, inBatch: true);
        if (TaskEndpoints.IsV2(request))
        {
            TaskJson.Write(writer, task, state, TaskEndpoints.RootOf(request));
            return;
        }
        writer.WriteStartObject();
        writer.WriteString("id", task.Id);
        writer.WriteString("state", state);
        writer.WriteString("batch_id", task.BatchId);
        writer.WriteEndObject();
    }
}

using Pipeline.Model;
using Pipeline.Nimble.Replies;

namespace Pipeline.Fuzz;

/// <summary>What must hold for any answer of the API, to a POST or to a GET, whatever its status.</summary>
public static class ReplyTarget
{
    private const int LongestMessage = 1_200;
    private const string KnownId = "known";

    private static readonly int[] Statuses = [200, 202, 400, 401, 402, 422, 429, 500];

    /// <summary>Returns null for JSON, else the reason why the body is not JSON.</summary>
    /// <exception cref="InvalidOperationException">A promise is broken. Any other exception is a bug too.</exception>
    public static string? Check(byte[] body)
    {
        ArgumentNullException.ThrowIfNull(body);
        foreach (var status in Statuses)
            Check(PostReply.Interpret(status, body, headerTaskId: null, retryAfter: null));
        if (NimbleJson.Parse(body) is not { } json)
            return "not JSON";
        Check(NimbleJson.ReadTask(json));
        Check(NimbleJson.ReadTask(json, KnownId));
        Check(NimbleJson.ReadBatch(json, KnownId)?.Tasks);
        NimbleJson.ReadProgress(json, KnownId);
        if (NimblePage.Read(json) is not { } page)
            return null;
        PlainText.Require(page.NextCursor, "A cursor");
        foreach (var item in page.Items)
        {
            Check(NimbleJson.ReadTask(item));
            Check(NimbleJson.ReadBatch(item)?.Tasks);
        }
        return null;
    }

    private static void Check(PostOutcome outcome)
    {
        switch (outcome)
        {
            case PostOutcome.Accepted accepted:
                RequireId(accepted.BatchId);
                Check(accepted.Tasks);
                break;
            case PostOutcome.Refused refused:
                RequireMessage(refused.Message);
                break;
            case PostOutcome.Unknown unknown:
                RequireMessage(unknown.Message);
                RequireId(unknown.TaskId);
                break;
        }
    }

    private static void Check(IReadOnlyList<NimbleTask>? tasks)
    {
        foreach (var task in tasks ?? [])
            Check(task);
    }

    private static void Check(NimbleTask? task)
    {
        if (task is null)
            return;
        RequireId(task.Id);
        RequireId(task.BatchId);
        foreach (var text
            in (string?[])[task.State, task.Error, task.ErrorType, task.DownloadUrl, task.OutputUrl, .. task.Addresses])
            PlainText.Require(text, "A task's text");
        if (task.Input is { } input)
            PlainText.Require(input, "A task's echoed input");
    }

    private static void RequireId(string? id)
    {
        if (id is not null && !TaskIds.IsWellFormed(id))
            throw new InvalidOperationException("An invalid id was passed on.");
    }

    private static void RequireMessage(string message)
    {
        PlainText.Require(message, "A message");
        if (message.Length > LongestMessage)
            throw new InvalidOperationException($"A message has {message.Length} characters.");
    }
}

using System.Text.Json;
using Pipeline.Functions.Tests.Host.Protocol;

namespace Pipeline.Functions.Tests.Host;

/// <summary>A queue message that the host gave to the worker, once its invocation has ended.</summary>
/// <param name="Function">Name of the function.</param>
/// <param name="Message">The message as the worker received it.</param>
/// <param name="Result">How the invocation ended; null if the worker ended first.</param>
internal sealed record Delivery(string Function, JsonElement Message, StatusResult.Types.Status? Result)
{
    public string Id => Text("MessageId");

    public string Receipt => Text("PopReceipt");

    public long DequeueCount => Message.GetProperty(nameof(DequeueCount)).GetInt64();

    public DateTimeOffset Time(string name) => Message.GetProperty(name).GetDateTimeOffset();

    private string Text(string name) => Message.GetProperty(name).GetString()!;
}

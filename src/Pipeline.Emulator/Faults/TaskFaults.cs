using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Emulator.Faults;

/// <summary>The faults of one task, drawn when it is created and stored with it.</summary>
internal sealed record TaskFaults
{
    public static readonly TaskFaults None = new();

    public bool Fail { get; init; }

    public bool Never { get; init; }

    public bool Null { get; init; }

    /// <summary>Neither the POST's answer nor the batch names the task.</summary>
    public bool Unnamed { get; init; }

    /// <summary>A form of <see cref="Api.Tasks.TaskIdForms"/>.</summary>
    public string? IdForm { get; init; }

    /// <summary>The form of <see cref="NoResult"/> that the API sends to the first reads.</summary>
    public string? ResultUnfinished { get; init; }

    /// <summary><c>array</c> or <c>results</c>.</summary>
    public string? ResultWrap { get; init; }

    public int SlowMs { get; init; }

    public string? ResultStatus { get; init; }

    /// <summary>States have names that the API's documents do not list.</summary>
    public bool Wild { get; init; }

    /// <summary><c>input</c> or <c>none</c>; null repeats everything.</summary>
    public string? Echo { get; init; }

    /// <summary>The damage to the object: the fault's name without <c>object_</c>.</summary>
    public string? Object { get; init; }

    public int ObjectLateMs { get; init; }

    /// <summary>After how long a good object replaces the damaged one; 0 for never.</summary>
    public int ObjectHealMs { get; init; }

    public bool WebhookLost { get; init; }

    public bool WebhookRepeat { get; init; }

    public bool WebhookEarly { get; init; }

    public int WebhookLateMs { get; init; }

    public string? WebhookForm { get; init; }

    public string? WebhookState { get; init; }

    /// <summary>The word drawn for <c>hostile_result</c>; null for an honest result.</summary>
    public string? HostileResult { get; init; }

    /// <summary>The word drawn for <c>hostile_webhook</c>; null for an honest webhook.</summary>
    public string? HostileWebhook { get; init; }

    /// <summary>Random bits for the details: which name a state has, which byte is flipped.</summary>
    public ulong Draw { get; init; }

    /// <summary>The stored form; null when there are no faults.</summary>
    public string? ToText() =>
        this with { Draw = 0 } == None ? null : JsonSerializer.Serialize(this, TaskFaultsJson.Default.TaskFaults);

    /// <summary>Parses the stored form.</summary>
    public static TaskFaults FromText(string? text) =>
        text is null ? None : JsonSerializer.Deserialize(text, TaskFaultsJson.Default.TaskFaults)!;
}

/// <summary>Source-generated JSON for <see cref="TaskFaults"/>.</summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(TaskFaults))]
internal sealed partial class TaskFaultsJson : JsonSerializerContext;

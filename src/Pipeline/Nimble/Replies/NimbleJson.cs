using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Pipeline.Json;
using Pipeline.Model;

namespace Pipeline.Nimble.Replies;

/// <summary>
/// Reads the API's replies in all their shapes: any field may be missing, null, of another type, or unknown.
/// </summary>
internal static class NimbleJson
{
    private const int MaxWrappers = 3;
    private const int MaxAddress = 8192;
    private const int MaxEchoBytes = 256 * 1024;

    // Four for every input of the largest batch.
    private const int MaxTasks = 4000;

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 256 };
    private static readonly string[] Ids = ["id", "task_id", "batch_id", "tasks", "task", "state", "completed"];
    private static readonly string[] AddressNames = ["callback_url", "storage_url"];
    private static readonly string[] Wrappers = ["response", "data", "result"];

    /// <summary>Parses a document, after replacing lone surrogates; null if it is not JSON.</summary>
    public static JsonElement? Parse(ReadOnlySpan<byte> utf8)
    {
        try
        {
            return JsonElement.Parse(JsonTextRepair.Repair(utf8), Options);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>
    /// Reads a document in pooled memory, which is free again afterwards. What the reader returns must not hold an
    /// element of the document.
    /// </summary>
    /// <param name="utf8">The document; null if there is none.</param>
    /// <param name="read">Reads the root; it gets null if the document is not JSON.</param>
    public static T Read<T>(ReadOnlyMemory<byte>? utf8, Func<JsonElement?, T> read)
    {
        using var document = TryParse(utf8);
        return read(document?.RootElement);
    }

    private static JsonDocument? TryParse(ReadOnlyMemory<byte>? utf8)
    {
        if (utf8 is not { } bytes)
            return null;
        try
        {
            var text = JsonTextRepair.Repair(bytes.Span);
            return JsonDocument.Parse(text.Overlaps(bytes.Span) ? bytes : text.ToArray(), Options);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>
    /// Reads a task: <c>{...}</c>, <c>{"task":{...}}</c>, or a bare id. Null without a well-formed id.
    /// </summary>
    public static NimbleTask? ReadTask(JsonElement json, string? knownId = null)
    {
        json = Unwrap(json, "task");
        if ((TaskIdOf(json) ?? knownId) is not { } id)
            return null;
        if (json.ValueKind is JsonValueKind.String or JsonValueKind.Number)
            return new NimbleTask { Id = id };
        if (json.ValueKind != JsonValueKind.Object)
            return null;
        var input = NonEmptyObject(json, "input") ?? NonEmptyObject(json, "_query");
        return new NimbleTask
        {
            Id = id,
            State = Text(json, "state"),
            BatchId = Id(json, "batch_id"),
            Input = EchoOf(input),
            StatusCode = (int?)Number(json, "status_code"),
            Error = Text(json, "error"),
            ErrorType = Text(json, "error_type"),
            DownloadUrl = Address(json, "download_url"),
            OutputUrl = Address(json, "output_url"),
            Addresses = AddressesOf(json),
            CreatedAt = Date(json, "created_at"),
        };
    }

    /// <summary>
    /// The id of a task: from its object, or a bare id as text or number. Null if it is not well-formed.
    /// </summary>
    public static string? TaskIdOf(JsonElement task) =>
        task.ValueKind is not (JsonValueKind.String or JsonValueKind.Number) ? Id(task, "id") ?? Id(task, "task_id")
        : Text(task) is { } bare && TaskIds.IsWellFormed(bare) ? bare
        : null;

    /// <summary>Reads a batch: <c>{...}</c> or <c>{"batch":{...}}</c>. Null without a well-formed id.</summary>
    public static NimbleBatch? ReadBatch(JsonElement json, string? knownId = null)
    {
        json = Unwrap(json, "batch");
        return (Id(json, "id") ?? Id(json, "batch_id") ?? knownId) is { } id && json.ValueKind == JsonValueKind.Object
            ? new NimbleBatch(
                id, Truth(json, "completed"), (int?)Number(json, "completed_count"), ReadTasks(json),
                Date(json, "created_at"))
            : null;
    }

    /// <summary>Reads the <c>tasks</c> of an object, without nulls and tasks without a well-formed id.</summary>
    public static IReadOnlyList<NimbleTask> ReadTasks(JsonElement json) =>
        Member(json, "tasks") is { ValueKind: JsonValueKind.Array } tasks
            ? [.. tasks.EnumerateArray().Select(t => ReadTask(t)).OfType<NimbleTask>().Take(MaxTasks)]
            : [];

    public static NimbleProgress? ReadProgress(JsonElement json, string knownId)
    {
        json = Unwrap(json, "batch");
        return json.ValueKind == JsonValueKind.Object
            ? new NimbleProgress(
                Id(json, "id") ?? knownId, Truth(json, "completed"), (int?)Number(json, "completed_count"),
                Number(json, "progress"), Date(json, "completed_at"))
            : null;
    }

    /// <summary>
    /// Copies an echo, so that it does not keep the whole reply in memory; null if it is larger than any input.
    /// </summary>
    private static JsonElement? EchoOf(JsonElement? input) =>
        input is { } echo && JsonMarshal.GetRawUtf8Value(echo) is { Length: <= MaxEchoBytes } raw
            ? JsonElement.Parse(raw, Options)
            : null;

    private static IReadOnlyList<string> AddressesOf(JsonElement task)
    {
        List<string>? found = null;
        foreach (var place in (ReadOnlySpan<JsonElement?>)[task, Member(task, "input"), Member(task, "_query")])
            foreach (var name in AddressNames)
                if (place is { } json && Address(json, name) is { } address)
                    (found ??= []).Add(address);
        return found ?? (IReadOnlyList<string>)[];
    }

    private static string? Address(JsonElement json, string name) =>
        Text(json, name) is { Length: <= MaxAddress } text ? text : null;

    /// <summary>A member of an object; null if it is missing or null, or if the value is no object.</summary>
    public static JsonElement? Member(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value)
        && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <inheritdoc cref="Text(JsonElement)"/>
    public static string? Text(JsonElement json, string name) => Member(json, name) is { } value ? Text(value) : null;

    /// <summary>
    /// The text of a string, or the digits or letters of another value: APIs write small values either way.
    /// </summary>
    public static string? Text(JsonElement value) =>
        value.ValueKind == JsonValueKind.String ? value.GetString() : value.GetRawText();

    public static string? Id(JsonElement json, string name) =>
        Text(json, name) is { } id && TaskIds.IsWellFormed(id) ? id : null;

    /// <summary>Whether a member is true, or the text "true" in any case.</summary>
    public static bool Truth(JsonElement json, string name) =>
        Member(json, name) is { ValueKind: JsonValueKind.True or JsonValueKind.String } value
        && string.Equals(Text(value), "true", StringComparison.OrdinalIgnoreCase);

    private static double? Number(JsonElement json, string name)
    {
        var text = Member(json, name) switch
        {
            { ValueKind: JsonValueKind.Number or JsonValueKind.String } number => Text(number),
            _ => null,
        };
        // A number beyond the range of an integer would wrap around.
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            && Math.Abs(value) <= int.MaxValue
            ? value
            : null;
    }

    private static DateTimeOffset? Date(JsonElement json, string name) =>
        DateTimeOffset.TryParse(
            Text(json, name), CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var date)
            ? date
            : null;

    /// <summary>
    /// Unwraps the subject of an answer: <c>{"task":{...}}</c>, <c>{"response":{"batch":{...}}}</c>,
    /// <c>{"data":{...}}</c>. An object with an id is not unwrapped further.
    /// </summary>
    public static JsonElement Unwrap(JsonElement json, string name)
    {
        for (var depth = 0; depth < MaxWrappers; depth++)
        {
            if (Member(json, name) is { ValueKind: JsonValueKind.Object } inner)
                return inner;
            if (HasId(json) || Wrapped(json) is not { } wrapped)
                return json;
            json = wrapped;
        }

        return json;
    }

    // Loops: a reply has thousands of tasks, and queries would allocate more for each than its texts take.
    private static bool HasId(JsonElement json)
    {
        foreach (var name in Ids)
            if (Member(json, name) is not null)
                return true;
        return false;
    }

    private static JsonElement? Wrapped(JsonElement json)
    {
        foreach (var name in Wrappers)
            if (Member(json, name) is { ValueKind: JsonValueKind.Object } inner)
                return inner;
        return null;
    }

    private static JsonElement? NonEmptyObject(JsonElement json, string name) =>
        Member(json, name) is { ValueKind: JsonValueKind.Object } value && value.GetPropertyCount() > 0 ? value : null;
}

using Pipeline.Model;

namespace Pipeline.Stores.Azure.Ledger;

/// <summary>
/// The parts of an input's version: the ETag to compare, and the state that was read, which an update takes off the
/// count.
/// </summary>
internal readonly record struct InputVersion(string ETag, InputState State)
{
    public static InputVersion Parse(string text)
    {
        var end = text.LastIndexOf(' ');
        return end > 0 && Enum.TryParse<InputState>(text.AsSpan(end + 1), out var state)
            ? new(text[..end], state)
            : new(text, InputState.Waiting);
    }

    public override string ToString() => $"{ETag} {State}";
}

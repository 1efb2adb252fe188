using System.Text.RegularExpressions;

namespace Pipeline.Notation;

/// <summary>The rules for the names of lists, series and schedules.</summary>
internal static partial class GivenName
{
    private const int Shown = 100;

    /// <summary>Whether characters and length are allowed. Lists of older versions may begin with <c>-</c>.</summary>
    public static bool HasForm(string name) => Form().IsMatch(name);

    /// <summary>Returns what is wrong with a new name and what to write instead; null if nothing is.</summary>
    /// <param name="name">The name.</param>
    /// <param name="kind">What it names, with its article: <c>a list_id</c>.</param>
    public static string? FaultOf(string name, string kind)
    {
        var advice = !HasForm(name) ? "Use 1 to 64 letters, digits, '-' and '_'."
            // No command could name it: each would take it for an option.
            : name[0] == '-' ? "Begin it with a letter, a digit or '_'."
            : null;
        return advice is null ? null : $"'{VisibleText.Of(Start(name))}' cannot be {kind}. {advice}";
    }

    private static string Start(string name) => name.Length > Shown ? $"{name[..Shown]}…" : name;

    [GeneratedRegex(@"^[A-Za-z0-9_-]{1,64}\z")]
    private static partial Regex Form();
}

using System.Text.Json;

namespace Pipeline.Fuzz;

/// <summary>Checks that what a parser hands on can be written again: no half surrogate pairs, in no string.</summary>
internal static class PlainText
{
    /// <summary>Throws if a string is not valid UTF-16.</summary>
    public static void Require(string? text, string what)
    {
        for (var i = 0; i < text?.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;
            if (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[i + 1]))
                throw new InvalidOperationException($"{what} holds half a surrogate pair.");
            i++;
        }
    }

    /// <summary>Throws if a value has a name or string that cannot be read.</summary>
    public static void Require(JsonElement value, string what)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                Require(value.GetString(), what);
                break;
            case JsonValueKind.Array:
                foreach (var item in value.EnumerateArray())
                    Require(item, what);
                break;
            case JsonValueKind.Object:
                foreach (var property in value.EnumerateObject())
                {
                    Require(property.Name, what);
                    Require(property.Value, what);
                }
                break;
        }
    }
}

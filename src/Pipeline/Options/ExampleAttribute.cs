namespace Pipeline.Options;

/// <summary>A value worth recommending, for a setting whose default turns it off or cannot be shown.</summary>
/// <param name="text">The value as the user would write it.</param>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class ExampleAttribute(string text) : Attribute
{
    /// <summary>The value as the user would write it.</summary>
    public string Text => text;
}

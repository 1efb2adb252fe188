namespace Pipeline.Model.Series;

/// <summary>What a list, a message or a command says about a series, unchecked.</summary>
/// <param name="Name"><c>series</c>: its name.</param>
/// <param name="OnlyNew"><c>only_new</c>: whether inputs that it has a record of are left out.</param>
/// <param name="MaxAge">
/// <c>max_age</c>: how old such a record may be, such as <c>30d</c>; implies <c>only_new</c>.
/// </param>
internal readonly record struct SeriesFields(string? Name, bool? OnlyNew = null, string? MaxAge = null)
{
    /// <summary>The names of the fields in lists and messages.</summary>
    public static bool Contains(string name) => name is "series" or "only_new" or "max_age";

    /// <summary>Returns these fields, with missing ones from others.</summary>
    public SeriesFields Or(SeriesFields others) =>
        new(Name ?? others.Name, OnlyNew ?? others.OnlyNew, MaxAge ?? others.MaxAge);
}

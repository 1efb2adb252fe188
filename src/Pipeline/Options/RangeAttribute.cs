using System.Globalization;

namespace Pipeline.Options;

/// <summary>The range of a setting's values.</summary>
internal abstract class RangeAttribute : Attribute
{
    /// <summary>The smallest value; with <see cref="MinimumIsExclusive"/>, values must be larger.</summary>
    public abstract object Minimum { get; }

    /// <summary>The largest value.</summary>
    public abstract object Maximum { get; }

    /// <summary>Whether <see cref="Minimum"/> itself is not allowed.</summary>
    public bool MinimumIsExclusive { get; init; }

    /// <summary>Whether a value is in the range. Null, which turns a setting off, is.</summary>
    public abstract bool Allows(object? value);
}

/// <summary>The range of a setting's values.</summary>
/// <param name="minimum">The smallest value as text; it may be excluded.</param>
/// <param name="maximum">The largest value as text.</param>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class RangeAttribute<T>(string minimum, string maximum) : RangeAttribute
    where T : IParsable<T>, IComparable<T>
{
    private readonly T _minimum = T.Parse(minimum, CultureInfo.InvariantCulture);
    private readonly T _maximum = T.Parse(maximum, CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public override object Minimum => _minimum;

    /// <inheritdoc/>
    public override object Maximum => _maximum;

    /// <inheritdoc/>
    public override bool Allows(object? value) =>
        value is null
        || (value is T given && given.CompareTo(_maximum) <= 0
            && given.CompareTo(_minimum) is var order && (MinimumIsExclusive ? order > 0 : order >= 0));
}

namespace Pipeline.Diagnostics;

/// <summary>
/// The greatest of the values measured within the last <see cref="Keep"/>. A gauge keeps only its last value, and an
/// exporter reads it once a minute. Without this class, the next pass of Sweep would overwrite a value before it is
/// exported.
/// </summary>
internal sealed class RecentMaximum
{
    /// <summary>Twice the usual time between two exports.</summary>
    internal static readonly TimeSpan Keep = TimeSpan.FromMinutes(2);

    // In descending order: a value that a later one reaches can never be the greatest again.
    private readonly LinkedList<(DateTimeOffset At, TimeSpan Value)> _values = new();

    /// <summary>Adds a value.</summary>
    /// <param name="now">When it was measured; UTC.</param>
    /// <param name="value">The value.</param>
    /// <returns>The greatest value of the last <see cref="Keep"/>, this one included.</returns>
    public TimeSpan Add(DateTimeOffset now, TimeSpan value)
    {
        lock (_values)
        {
            while (_values.Last is { } last && last.Value.Value <= value)
                _values.RemoveLast();
            _values.AddLast((now, value));
            while (now - _values.First!.Value.At >= Keep)
                _values.RemoveFirst();
            return _values.First.Value.Value;
        }
    }
}

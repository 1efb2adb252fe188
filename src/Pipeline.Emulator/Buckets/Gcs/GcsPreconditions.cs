using System.Globalization;

namespace Pipeline.Emulator.Buckets.Gcs;

/// <summary>The generation parameters of a GCS request. Generation 0 stands for "no such object".</summary>
internal sealed record GcsPreconditions(long? Generation, long? IfMatch, long? IfNotMatch)
{
    /// <summary>Reads the parameters; false when a value is not a number.</summary>
    public static bool TryRead(IQueryCollection query, out GcsPreconditions conditions)
    {
        var valid = true;
        conditions = new(Number("generation"), Number("ifGenerationMatch"), Number("ifGenerationNotMatch"));
        return valid;

        long? Number(string name)
        {
            if (query[name].ToString() is not { Length: > 0 } text)
                return null;
            valid &= long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value);
            return value;
        }
    }

    /// <summary>Whether a write may replace the current object, or create one where it is null.</summary>
    public bool Allow(StoredObject? current)
    {
        var generation = current?.Generation ?? 0;
        return (IfMatch is null || IfMatch == generation) && (IfNotMatch is null || IfNotMatch != generation);
    }
}

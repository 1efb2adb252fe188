using Pipeline.Model;

namespace Pipeline.Ports.Reading;

/// <summary>What an input is looked up by.</summary>
internal enum InputKey
{
    /// <summary>Its URL, in any spelling that a browser would request in the same way.</summary>
    Url,

    /// <summary>The id of its record or failure.</summary>
    Id,

    /// <summary>A task of Nimble's that works on it.</summary>
    Task,

    /// <summary>The batch of Nimble's that it was posted with.</summary>
    Batch,
}

/// <summary>A search for inputs.</summary>
/// <param name="Key">What to look up by.</param>
/// <param name="Value">The URL or id.</param>
/// <param name="ListId">The only list to search; null for all.</param>
internal sealed record InputQuery(InputKey Key, string Value, string? ListId = null);

/// <summary>What a search found.</summary>
/// <param name="Inputs">The inputs, those of the latest lists first.</param>
/// <param name="IsComplete">Whether all lists were searched to the end; else there may be more.</param>
/// <param name="IsExact">False for a task whose input is not known yet: it works on one of the inputs.</param>
internal sealed record FoundInputs(IReadOnlyList<InputEntry> Inputs, bool IsComplete, bool IsExact = true);

/// <summary>Finds inputs by what people know of them.</summary>
/// <remarks>
/// The cost is bounded: with each submission the ledger keeps a filter of its URLs and ids, two bytes for each. A
/// search reads filters, and then the inputs of the few submissions whose filter does not exclude the key.
/// </remarks>
internal interface IInputIndex
{
    /// <summary>Finds up to <paramref name="max"/> inputs.</summary>
    Task<FoundInputs> FindAsync(InputQuery query, int max, CancellationToken cancellationToken);
}

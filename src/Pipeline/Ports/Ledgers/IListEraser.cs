using System.Security.Cryptography;
using System.Text;

namespace Pipeline.Ports.Ledgers;

/// <summary>Removes everything that a store keeps about one list.</summary>
/// <remarks>
/// Contract: erasing again does no harm, and completes an erasure that was interrupted. Other lists keep everything. A
/// list that the store does not know is left alone. Afterwards <see cref="ILedger.IsErasedAsync"/> is true for the id:
/// the store keeps a hash of it, so that a late message does not bring the list back.
/// </remarks>
internal interface IListEraser
{
    /// <summary>Erases a list.</summary>
    /// <param name="listId">The list.</param>
    /// <param name="isOfList">Says whether a message of a queue belongs to the list.</param>
    /// <param name="cancellationToken">Stops between two steps; the same call continues.</param>
    /// <exception cref="Pipeline.Model.PipelineException">The store is unavailable.</exception>
    Task<ErasedParts> EraseAsync(
        string listId, Func<string, ReadOnlyMemory<byte>, CancellationToken, Task<bool>> isOfList,
        CancellationToken cancellationToken);

    /// <summary>
    /// Erases what a worker may have written about a list after its erasure, from data that it had read before. Cheap
    /// enough for every late message: it reads only what the id addresses, and no queue.
    /// </summary>
    /// <param name="listId">An erased list.</param>
    /// <param name="withExports">Whether the worker may have written files of exports.</param>
    /// <param name="cancellationToken">Stops between two steps; the same call continues.</param>
    /// <exception cref="Pipeline.Model.PipelineException">The store is unavailable.</exception>
    Task EraseLateAsync(string listId, bool withExports, CancellationToken cancellationToken);
}

/// <summary>What an erasure removed; zeros where there was nothing.</summary>
internal readonly record struct ErasedParts
{
    /// <summary>Submissions.</summary>
    public long Submissions { get; init; }

    /// <summary>Inputs.</summary>
    public long Inputs { get; init; }

    /// <summary>Records of a folder, or files of records in an account.</summary>
    public long Records { get; init; }

    /// <summary>Failures.</summary>
    public long Failures { get; init; }

    /// <summary>Messages in queues, dead letters included.</summary>
    public long Messages { get; init; }

    /// <summary>Other rows and files: the list, its manifest, copies, exports, events, entries of series.</summary>
    public long Others { get; init; }

    /// <summary>Why something could not be removed now, for people; null if all is gone.</summary>
    public string? Left { get; init; }

    /// <summary>Whether there was nothing.</summary>
    public bool IsNothing => Submissions + Inputs + Records + Failures + Messages + Others == 0;

    /// <summary>Adds up two erasures.</summary>
    public static ErasedParts operator +(ErasedParts a, ErasedParts b) => new()
    {
        Submissions = a.Submissions + b.Submissions,
        Inputs = a.Inputs + b.Inputs,
        Records = a.Records + b.Records,
        Failures = a.Failures + b.Failures,
        Messages = a.Messages + b.Messages,
        Others = a.Others + b.Others,
        Left = b.Left ?? a.Left,
    };
}

/// <summary>What remains of an erased list: a hash of its id.</summary>
internal static class ErasedList
{
    /// <summary>Returns the hash under which an erased list is remembered, 64 hex digits.</summary>
    public static string NameOf(string listId) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(listId)));
}

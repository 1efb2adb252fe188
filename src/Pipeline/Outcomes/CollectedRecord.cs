using System.Security.Cryptography;
using System.Text;
using Pipeline.Model;
using Pipeline.Staging;

namespace Pipeline.Outcomes;

/// <summary>A verified record on its way to the store, with the input and the task that it belongs to.</summary>
/// <param name="Input">The input, as it was read.</param>
/// <param name="Message">A message that names the task alone.</param>
/// <param name="Record">The record; disposed with this entry.</param>
/// <param name="IsNewMatch">Whether the ledger does not know yet that the task works on the input.</param>
internal sealed record CollectedRecord(
    InputEntry Input, ResultMessage Message, StagedRecord Record, bool IsNewMatch = false) : IAsyncDisposable
{
    /// <summary>The record's place in the staging memory; given back with the record.</summary>
    public IDisposable? Room { get; init; }

    public async ValueTask DisposeAsync()
    {
        await Record.DisposeAsync();
        Room?.Dispose();
    }

    /// <summary>
    /// Names a part after the tasks and inputs of its records, so that a redelivered message finds its part.
    /// </summary>
    public static string PartOf(IReadOnlyList<CollectedRecord> records)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var record in records)
            hash.AppendData(Encoding.UTF8.GetBytes($"{record.Message.TaskId} {record.Record.Id}\n"));
        return Convert.ToHexStringLower(hash.GetCurrentHash())[..32];
    }
}

using Pipeline.Ports;
using Pipeline.Staging;

namespace Pipeline.Tests.Support;

/// <summary>Shorter forms of calls of <see cref="IRecordStore"/>.</summary>
public static class RecordStoreExtensions
{
    /// <summary>Puts one record, as a part named by its id.</summary>
    public static async Task<StoredRecord> PutRecordAsync(
        this IRecordStore store, StagedRecord record, CancellationToken cancellationToken) =>
        Assert.Single(await store.PutRecordsAsync(record.Id, [record], cancellationToken));
}

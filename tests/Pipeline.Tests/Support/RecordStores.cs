using Moq;
using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Tests.Support;

/// <summary>Stores of records for tests that only check what is put there.</summary>
internal static class RecordStores
{
    /// <summary>A store that accepts everything and announces nothing.</summary>
    public static Mock<IRecordStore> Mock()
    {
        var store = new Mock<IRecordStore>();
        store.Setup(s => s.PutFailuresAsync(It.IsAny<IReadOnlyList<Failure>>(), It.IsAny<CancellationToken>()))
            .ReturnsAsync([]);
        store.Setup(s => s.FindRecordsAsync(
                It.IsAny<string>(),
                It.IsAny<string>(),
                It.IsAny<IReadOnlyList<string>>(),
                It.IsAny<CancellationToken>()))
            .ReturnsAsync(new Dictionary<string, StoredRecord>());
        return store;
    }
}

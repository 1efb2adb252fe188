using Moq;
using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Tests.Support;

/// <summary>Stores of records for tests that only look at what is put to them.</summary>
internal static class RecordStores
{
    /// <summary>A store that takes everything and announces nothing.</summary>
    public static Mock<IRecordStore> Mock()
    {
        var store = new Mock<IRecordStore>();
        store.Setup(s => s.PutFailuresAsync(It.IsAny<IReadOnlyList<Failure>>(), It.IsAny<CancellationToken>()))
            .ReturnsAsync([]);
        return store;
    }
}

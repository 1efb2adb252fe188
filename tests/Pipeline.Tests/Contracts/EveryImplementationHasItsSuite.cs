using System.Reflection;
using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Tests.Contracts;

public sealed class EveryImplementationHasItsSuite
{
    [Theory]
    [InlineData(typeof(IWorkQueue), typeof(WorkQueueContract))]
    [InlineData(typeof(ILedger), typeof(LedgerContract))]
    [InlineData(typeof(IObjectStore), typeof(ObjectStoreContract))]
    [InlineData(typeof(IRecordStore), typeof(RecordStoreContract))]
    [InlineData(typeof(IRecordAnnouncer), typeof(RecordAnnouncerContract))]
    public void OfThisPort(Type port, Type contract)
    {
        var implementations = Concrete(typeof(PipelineException).Assembly).Where(port.IsAssignableFrom).ToList();
        var tested = Concrete(typeof(EveryImplementationHasItsSuite).Assembly)
            .Where(type => type.IsSubclassOf(contract))
            .Select(type => type.GetCustomAttribute<SuiteForAttribute>()?.Implementation)
            .ToHashSet();

        Assert.NotEmpty(implementations);
        Assert.Empty(
            implementations.Where(type => !tested.Contains(type))
                .Select(type => $"{type.Name} has no suite derived from {contract.Name}"));
    }

    private static IEnumerable<Type> Concrete(Assembly assembly) =>
        assembly.GetTypes().Where(type => type is { IsAbstract: false, IsInterface: false });
}

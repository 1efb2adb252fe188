using Pipeline.Model;

namespace Pipeline.Tests.Model;

public sealed class AmountTests
{
    [Theory]
    [InlineData(0, "0 inputs wait")]
    [InlineData(1, "1 input waits")]
    [InlineData(2, "2 inputs wait")]
    [InlineData(12_345, "12,345 inputs wait")]
    public void ANounAgreesWithItsNumber(long number, string expected) =>
        Assert.Equal(expected, Amount.Of(number, "input waits", "inputs wait"));

    [Fact]
    public void MostNounsNeedOneFormOnly() =>
        Assert.Equal(("1 failure", "3 failures"), (Amount.Of(1, "failure"), Amount.Of(3, "failure")));
}

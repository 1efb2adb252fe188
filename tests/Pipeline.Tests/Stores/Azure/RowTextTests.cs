using System.Buffers;
using System.Text;
using Azure.Data.Tables;
using Pipeline.Stores.Azure.Keeping;

namespace Pipeline.Tests.Stores.Azure;

/// <summary>A backup's row keeps every value with its type, which other tools lose when they copy tables.</summary>
public sealed class RowTextTests
{
    public static TheoryData<object> Values =>
    [
        "", "null", "Ünïcode 😀 \"quoted\" \\ \n\u2028\0", new string('x', 40_000), true, false, 0, int.MinValue,
        1L, long.MaxValue, long.MinValue, 0.1, double.MaxValue, double.NaN, double.PositiveInfinity, 3.0,
        new DateTimeOffset(2026, 3, 19, 10, 0, 0, TimeSpan.Zero).AddTicks(1_234_567),
        new DateTimeOffset(1601, 1, 1, 0, 0, 0, TimeSpan.Zero), DateTimeOffset.MaxValue.ToUniversalTime(),
        Guid.Parse("7d444840-9dc0-11d1-b245-5ffdce74fad2"), Array.Empty<byte>(), new byte[] { 0, 255, 1 },
    ];

    [Theory]
    [MemberData(nameof(Values), DisableDiscoveryEnumeration = true)]
    public void EveryValueKeepsItsType(object value)
    {
        var read = Copy(new("partition", "key'%😀") { ["Name"] = value });

        Assert.Equal(("partition", "key'%😀"), (read.PartitionKey, read.RowKey));
        Assert.Equal(value, read["Name"]);
        Assert.IsType(value.GetType(), read["Name"]);
    }

    [Fact]
    public void ATimeIsWrittenInUtc() => Assert.Equal(
        new DateTimeOffset(2026, 3, 19, 8, 0, 0, TimeSpan.Zero),
        Copy(new("p", "k") { ["At"] = new DateTimeOffset(2026, 3, 19, 10, 0, 0, TimeSpan.FromHours(2)) })["At"]);

    [Fact]
    public void WhatTheServiceAddsAndWhatIsNullIsLeftOut()
    {
        var row = new TableEntity("p", "k")
        {
            ["Name"] = null, ["odata.etag"] = "W/\"1\"", [nameof(TableEntity.Timestamp)] = DateTimeOffset.UnixEpoch,
        };

        Assert.Equal(2, Copy(row).Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"partition":"p"}""")]
    [InlineData("""{"partition":1,"key":"k","values":{}}""")]
    [InlineData("""{"partition":"p","key":"k","values":{"a":null}}""")]
    [InlineData("""{"partition":"p","key":"k","values":{"a":4000000000}}""")]
    [InlineData("""{"partition":"p","key":"k","values":{"a":["Int64","x"]}}""")]
    [InlineData("""{"partition":"p","key":"k","values":{"a":["Int64","99999999999999999999"]}}""")]
    [InlineData("""{"partition":"p","key":"k","values":{"a":["Colour","red"]}}""")]
    [InlineData("""{"partition":"p","key":"k","values":{"a":["Binary","?"]}}""")]
    public void ADamagedLineIsRefused(string line) => Assert.Throws<InvalidDataException>(
        () => RowText.Read(new(Encoding.UTF8.GetBytes(line))));

    private static TableEntity Copy(TableEntity row)
    {
        var line = new ArrayBufferWriter<byte>();
        RowText.Write(line, row);
        Assert.Equal(line.WrittenCount - 1, line.WrittenSpan.IndexOf((byte)'\n'));
        return RowText.Read(new(line.WrittenMemory[..^1]));
    }
}

using Pipeline.Diagnostics;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Diagnostics;

public sealed class RecentMaximumTests
{
    private readonly RecentMaximum _maximum = new();

    [Fact]
    public void AGreaterValueHidesSmallerOnesUntilItIsOld() => Assert.Equal(
        [5, 5, 7, 7, 7, 3, 2, 2],
        new[] { (0, 5), (60, 2), (100, 7), (120, 1), (219, 3), (220, 1), (339, 2), (340, 0) }
            .Select(one => Add(one.Item1, one.Item2)));

    [Fact]
    public void ManyValuesInAShortTimeGiveTheGreatest()
    {
        var random = new Random(3);
        var added = new List<(double At, int Value)>();
        for (var i = 0; i < 5_000; i++)
        {
            added.Add((i * 0.1, random.Next(1_000)));
            var (now, value) = added[^1];
            Assert.Equal(added.Where(one => now - one.At < 120).Max(one => one.Value), Add(now, value));
        }
    }

    private double Add(double seconds, int value) =>
        _maximum.Add(Some.Time.AddSeconds(seconds), TimeSpan.FromSeconds(value)).TotalSeconds;
}

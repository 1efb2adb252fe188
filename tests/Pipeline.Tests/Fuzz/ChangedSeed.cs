using Pipeline.Tests.Collect;

namespace Pipeline.Tests.Fuzz;

/// <summary>Changes a seed of a fuzzer's corpus at random, the same way each time for the same random numbers.</summary>
internal static class ChangedSeed
{
    /// <summary>A seed with one or two changes. Half of them are gzipped, since a change inside gzip is only damage.</summary>
    public static byte[] Make(byte[][] seeds, Random random)
    {
        var seed = seeds[random.Next(seeds.Length)];
        var bytes = seed.ToArray();
        for (var changes = random.Next(1, 3); changes > 0 && bytes.Length > 0; changes--)
        {
            var at = random.Next(bytes.Length);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes = [.. bytes[..at], .. bytes[random.Next(at, bytes.Length)..]];
                    break;
                case 3:
                    bytes = [.. bytes[..at], .. bytes[random.Next(at + 1)..]];
                    break;
                default:
                    var other = seeds[random.Next(seeds.Length)];
                    bytes = [.. bytes[..at], .. other[random.Next(other.Length)..]];
                    break;
            }
        }
        return random.Next(2) == 0 ? Normal.Gzip(bytes) : bytes;
    }
}

using Pipeline.Tests.Collect.Normalize;

namespace Pipeline.Tests.Fuzz;

/// <summary>Mutates a seed of a fuzzer's corpus; the same random numbers give the same mutation.</summary>
internal static class ChangedSeed
{
    /// <summary>
    /// A seed with one or two mutations. Half of the results are gzipped afterwards, because a mutation inside gzip is
    /// just damage.
    /// </summary>
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

using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using Pipeline.Model;
using Pipeline.Urls;

namespace Pipeline.Ports.Reading;

/// <summary>
/// A Bloom filter of the URLs and ids of one submission. It excludes keys that the submission does not hold, except for
/// about one in two thousand.
/// </summary>
internal static class KeyFilter
{
    private const int BitsPerKey = 16;
    private const int Hashes = 6;
    private const int KeysPerInput = 2;

    /// <summary>Builds the filter of a submission's inputs.</summary>
    public static byte[] Of(IReadOnlyList<InputEntry> inputs)
    {
        var filter = new byte[Math.Max(1, inputs.Count) * KeysPerInput * BitsPerKey / 8];
        foreach (var input in inputs)
        {
            Add(filter, Hash(InputKey.Url, input.Url));
            Add(filter, Hash(InputKey.Id, input.Id));
        }

        return filter;
    }

    /// <summary>Whether a submission may hold what a query asks for; true for a filter that does not exist.</summary>
    public static bool MayHold(ReadOnlySpan<byte> filter, InputQuery query)
    {
        if (filter.IsEmpty || query.Key is not (InputKey.Url or InputKey.Id))
            return true;
        var hash = Hash(query.Key, query.Value);
        for (var i = 0; i < Hashes; i++)
            if ((filter[BitOf(filter, hash, i) >> 3] & (1 << (BitOf(filter, hash, i) & 7))) == 0)
                return false;
        return true;
    }

    /// <summary>Whether an input is what a query asks for.</summary>
    public static bool IsMatch(InputEntry input, InputQuery query) => query.Key switch
    {
        InputKey.Url => CanonicalUrl.AreSame(input.Url, query.Value),
        InputKey.Id => input.Id == query.Value,
        InputKey.Task => input.TaskId == query.Value,
        _ => true,
    };

    /// <summary>
    /// Returns the inputs that a query asks for. A task whose input is unknown works on one of the inputs that still
    /// wait.
    /// </summary>
    public static IEnumerable<InputEntry> Choose(
        IReadOnlyList<InputEntry> inputs, IReadOnlyList<InputEntry> matches, InputQuery query) =>
        matches.Count > 0 || query.Key != InputKey.Task
            ? matches
            : inputs.Where(input => input.State == InputState.Waiting);

    private static void Add(Span<byte> filter, UInt128 hash)
    {
        for (var i = 0; i < Hashes; i++)
            filter[BitOf(filter, hash, i) >> 3] |= (byte)(1 << (BitOf(filter, hash, i) & 7));
    }

    private static int BitOf(ReadOnlySpan<byte> filter, UInt128 hash, int i) =>
        (int)(((ulong)hash + ((ulong)i * (ulong)(hash >> 64))) % ((ulong)filter.Length * 8));

    private static UInt128 Hash(InputKey key, string value)
    {
        var text = key == InputKey.Url ? $"u{CanonicalUrl.Of(value)}" : $"i{value}";
        Span<byte> hash = stackalloc byte[16];
        XxHash128.Hash(Encoding.UTF8.GetBytes(text), hash);
        return BinaryPrimitives.ReadUInt128BigEndian(hash);
    }
}

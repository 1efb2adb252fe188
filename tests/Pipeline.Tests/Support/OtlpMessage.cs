using System.Buffers.Binary;
using System.Text;

namespace Pipeline.Tests.Support;

/// <summary>Reads what a collector receives: metrics of OTLP in protobuf.</summary>
internal static class OtlpMessage
{
    /// <summary>The sums of an export, by metric and by the values of its attributes, such as
    /// <c>records[2xx,sweep]</c>.
    /// </summary>
    public static IReadOnlyDictionary<string, long> ReadSums(ReadOnlyMemory<byte> request)
    {
        var sums = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var metric in Fields(request, 1).SelectMany(r => Fields(r, 2)).SelectMany(s => Fields(s, 2)))
        {
            var name = Text(Fields(metric, 1).Single());
            foreach (var point in Fields(metric, 7).SelectMany(sum => Fields(sum, 1)))
            {
                var values = Fields(point, 7).Select(ValueOf).Order(StringComparer.Ordinal);
                sums[$"{name}[{string.Join(',', values)}]"] = BinaryPrimitives.ReadInt64LittleEndian(
                    Fields(point, 6).Single().Span);
            }
        }

        return sums;
    }

    /// <summary>The names of all metrics of an export.</summary>
    public static IEnumerable<string> ReadNames(ReadOnlyMemory<byte> request) =>
        Fields(request, 1).SelectMany(r => Fields(r, 2)).SelectMany(s => Fields(s, 2))
            .Select(metric => Text(Fields(metric, 1).Single()));

    private static string ValueOf(ReadOnlyMemory<byte> attribute)
    {
        var value = Fields(attribute, 2).Single();
        return Fields(value, 1).Select(Text).SingleOrDefault() ?? "number";
    }

    private static string Text(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);

    /// <summary>The values of one field of a message, as bytes.</summary>
    private static IReadOnlyList<ReadOnlyMemory<byte>> Fields(ReadOnlyMemory<byte> message, int number)
    {
        var found = new List<ReadOnlyMemory<byte>>();
        for (var at = 0; at < message.Length;)
        {
            var key = Varint(message, ref at);
            var start = at;
            switch (key & 7)
            {
                case 0:
                    Varint(message, ref at);
                    break;
                case 1:
                    at += 8;
                    break;
                case 5:
                    at += 4;
                    break;
                default:
                    var length = (int)Varint(message, ref at);
                    start = at;
                    at += length;
                    break;
            }

            if ((int)(key >> 3) == number)
                found.Add(message[start..at]);
        }

        return found;
    }

    private static ulong Varint(ReadOnlyMemory<byte> message, ref int at)
    {
        var value = 0UL;
        for (var shift = 0; ; shift += 7)
        {
            var next = message.Span[at++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                return value;
        }
    }
}

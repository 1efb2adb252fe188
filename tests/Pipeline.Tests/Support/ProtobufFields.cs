using System.Buffers.Binary;
using System.Text;

namespace Pipeline.Tests.Support;

/// <summary>Reads the fields of a protobuf message without its schema.</summary>
internal readonly record struct ProtobufFields(ReadOnlyMemory<byte> Message)
{
    public string Text(int number) =>
        Values(number) is [.., var value] ? Encoding.UTF8.GetString(value.Span) : "";

    public string Hex(int number) => Values(number) is [.., var value] ? Convert.ToHexStringLower(value.Span) : "";

    public IEnumerable<ProtobufFields> Each(int number) => Values(number).Select(value => new ProtobufFields(value));

    /// <summary>A number of fixed or variable length; null if the field is absent.</summary>
    public long? Number(int number)
    {
        if (Values(number) is not [.., var value])
            return null;
        var at = 0;
        return value.Length == 8
            ? BinaryPrimitives.ReadInt64LittleEndian(value.Span)
            : (long)Varint(value, ref at);
    }

    public double? Double(int number) =>
        Number(number) is { } bits ? BitConverter.Int64BitsToDouble(bits) : null;

    private List<ReadOnlyMemory<byte>> Values(int number)
    {
        var found = new List<ReadOnlyMemory<byte>>();
        for (var at = 0; at < Message.Length;)
        {
            var key = Varint(Message, ref at);
            var start = at;
            switch (key & 7)
            {
                case 0:
                    Varint(Message, ref at);
                    break;
                case 1:
                    at += 8;
                    break;
                case 5:
                    at += 4;
                    break;
                default:
                    var length = (int)Varint(Message, ref at);
                    start = at;
                    at += length;
                    break;
            }

            if ((int)(key >> 3) == number)
                found.Add(Message[start..at]);
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

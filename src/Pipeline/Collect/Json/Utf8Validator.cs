using System.Buffers;
using System.Text;

namespace Pipeline.Collect.Json;

/// <summary>
/// Validates UTF-8 that arrives in pieces. A sequence cut by the end of a piece is held back until the next piece.
/// </summary>
internal struct Utf8Validator
{
    private uint _held;
    private int _heldBytes;
    private bool _hasSeparators;

    /// <summary>Whether the bytes so far contain U+2028 or U+2029; validation finds that at no extra cost.</summary>
    public readonly bool HasSeparators => _hasSeparators;

    /// <summary>Validates the next piece; false if the bytes so far cannot begin a UTF-8 text.</summary>
    public bool Append(ReadOnlySpan<byte> bytes)
    {
        if (_heldBytes > 0 && !CompleteHeld(ref bytes))
            return false;
        var cut = IncompleteBytes(bytes);
        if (!Utf8Blocks.AreValid(bytes[..^cut], ref _hasSeparators))
            return false;
        Hold(bytes[^cut..]);
        return true;
    }

    private bool CompleteHeld(ref ReadOnlySpan<byte> bytes)
    {
        Span<byte> sequence = stackalloc byte[4];
        for (var i = 0; i < _heldBytes; i++)
            sequence[i] = (byte)(_held >> (8 * i));
        var taken = Math.Min(bytes.Length, sequence.Length - _heldBytes);
        bytes[..taken].CopyTo(sequence[_heldBytes..]);
        sequence = sequence[..(_heldBytes + taken)];
        switch (Rune.DecodeFromUtf8(sequence, out var rune, out var consumed))
        {
            case OperationStatus.Done:
                bytes = bytes[(consumed - _heldBytes)..];
                _heldBytes = 0;
                _hasSeparators |= rune.Value is 0x2028 or 0x2029;
                return true;
            case OperationStatus.NeedMoreData:
                Hold(sequence);
                bytes = [];
                return true;
            default:
                return false;
        }
    }

    private void Hold(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length == 0)
            return;
        (_held, _heldBytes) = (0, bytes.Length);
        for (var i = 0; i < bytes.Length; i++)
            _held |= (uint)bytes[i] << (8 * i);
    }

    /// <summary>
    /// Number of bytes at the end that begin an incomplete but possible sequence. An impossible one counts as 0, so
    /// that it is reported as invalid now and not as truncated at the end.
    /// </summary>
    private static int IncompleteBytes(ReadOnlySpan<byte> bytes)
    {
        for (var back = 1; back <= 3 && back <= bytes.Length; back++)
        {
            var b = bytes[^back];
            if (b < 0x80)
                return 0;
            if (b >= 0xC0)
                return Rune.DecodeFromUtf8(bytes[^back..], out _, out _) == OperationStatus.NeedMoreData ? back : 0;
        }
        return 0;
    }
}

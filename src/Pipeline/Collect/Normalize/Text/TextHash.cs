using System.Buffers;
using System.IO.Hashing;

namespace Pipeline.Collect.Normalize.Text;

/// <summary>
/// Hashes a text so that white space counts only as a boundary: each run of it is one space, and none is at the start
/// or the end. Pieces may be cut anywhere, within a character too.
/// </summary>
internal sealed class TextHash
{
    // ASCII white space, and the first bytes of the characters that IsSpace knows.
    private static readonly SearchValues<byte> MayBeSpace =
        SearchValues.Create([(byte)'\t', (byte)'\n', 0x0B, 0x0C, (byte)'\r', (byte)' ', 0xC2, 0xE2, 0xE3, 0xEF]);

    private readonly XxHash128 _hash = new();
    private readonly byte[] _cut = new byte[3];
    private int _cutBytes;
    private bool _hasText;
    private bool _hasSpace;

    /// <summary>The hash of the text so far; null if there is nothing but white space.</summary>
    public UInt128? Value
    {
        get
        {
            // A character that is cut off at the end of the text counts as text.
            if (_cutBytes > 0)
                AppendText(_cut.AsSpan(0, _cutBytes));
            _cutBytes = 0;
            return _hasText ? _hash.GetCurrentHashAsUInt128() : null;
        }
    }

    /// <summary>Starts another text.</summary>
    public void Start()
    {
        _hash.Reset();
        (_cutBytes, _hasText, _hasSpace) = (0, false, false);
    }

    /// <summary>Appends white space.</summary>
    public void AppendSpace() => _hasSpace = true;

    /// <summary>Appends a piece of the text.</summary>
    public void Append(ReadOnlySpan<byte> text)
    {
        while (_cutBytes > 0 && text.Length > 0)
            text = Complete(text);
        while (text.Length > 0)
        {
            var at = text.IndexOfAny(MayBeSpace);
            if (at != 0)
            {
                AppendText(at < 0 ? text : text[..at]);
                if (at < 0)
                    return;
                text = text[at..];
            }
            var length = LengthOf(text[0]);
            if (length > text.Length)
            {
                text.CopyTo(_cut);
                _cutBytes = text.Length;
                return;
            }
            AppendCharacter(text[..length]);
            text = text[length..];
        }
    }

    /// <summary>Completes the character that the last piece cut. Returns the rest of the piece.</summary>
    private ReadOnlySpan<byte> Complete(ReadOnlySpan<byte> text)
    {
        _cut[_cutBytes++] = text[0];
        if (_cutBytes == LengthOf(_cut[0]))
        {
            AppendCharacter(_cut.AsSpan(0, _cutBytes));
            _cutBytes = 0;
        }
        return text[1..];
    }

    private void AppendCharacter(ReadOnlySpan<byte> character)
    {
        if (IsSpace(character))
            _hasSpace = true;
        else
            AppendText(character);
    }

    private void AppendText(ReadOnlySpan<byte> text)
    {
        if (_hasSpace && _hasText)
            _hash.Append(" "u8);
        (_hasSpace, _hasText) = (false, true);
        _hash.Append(text);
    }

    private static int LengthOf(byte first) => first < 0x80 ? 1 : first == 0xC2 ? 2 : 3;

    // White space outside ASCII, and characters without width: U+0085, U+00A0, U+2000 to U+200F, U+2028 to U+202F,
    // U+205F, U+2060, U+3000 and U+FEFF.
    private static bool IsSpace(ReadOnlySpan<byte> character) => character switch
    {
        [< 0x80] => true,
        [0xC2, 0x85 or 0xA0] => true,
        [0xE2, 0x80, (>= 0x80 and <= 0x8F) or (>= 0xA8 and <= 0xAF)] => true,
        [0xE2, 0x81, 0x9F or 0xA0] => true,
        [0xE3, 0x80, 0x80] => true,
        [0xEF, 0xBB, 0xBF] => true,
        _ => false,
    };
}

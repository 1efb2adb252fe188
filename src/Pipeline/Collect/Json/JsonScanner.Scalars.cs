namespace Pipeline.Collect.Json;

/// <content>Numbers and literals: validated byte by byte, never converted.</content>
internal abstract partial class JsonScanner
{
    private static readonly byte[] True = "true"u8.ToArray();
    private static readonly byte[] False = "false"u8.ToArray();
    private static readonly byte[] Null = "null"u8.ToArray();

    private NumberPart _number;
    private byte[] _literal = Null;
    private int _literalBytes;

    /// <summary>
    /// What the last byte of a number was. The number may end after <see cref="Zero"/> and the later ones.
    /// </summary>
    private enum NumberPart : byte
    {
        Minus,
        Point,
        ExponentMark,
        ExponentSign,
        Zero,
        Integer,
        Fraction,
        Exponent,
    }

    private void StartNumber(byte b)
    {
        _number = b switch { (byte)'-' => NumberPart.Minus, (byte)'0' => NumberPart.Zero, _ => NumberPart.Integer };
        _state = State.Number;
    }

    private int ScanNumber(ReadOnlySpan<byte> piece, int at)
    {
        for (; at < piece.Length; at++)
        {
            if (NextPart(_number, piece[at]) is { } next)
            {
                _number = next;
                continue;
            }
            if (_number < NumberPart.Zero)
                throw Invalid("has an invalid number", at);
            EndValue(piece, at);
            break;
        }
        return at;
    }

    private static NumberPart? NextPart(NumberPart part, byte b) => (part, b) switch
    {
        (NumberPart.Minus, (byte)'0') => NumberPart.Zero,
        (NumberPart.Minus or NumberPart.Integer, >= (byte)'0' and <= (byte)'9') => NumberPart.Integer,
        (NumberPart.Zero or NumberPart.Integer, (byte)'.') => NumberPart.Point,
        (NumberPart.Point or NumberPart.Fraction, >= (byte)'0' and <= (byte)'9') => NumberPart.Fraction,
        (NumberPart.Zero or NumberPart.Integer or NumberPart.Fraction, (byte)'e' or (byte)'E') =>
            NumberPart.ExponentMark,
        (NumberPart.ExponentMark, (byte)'+' or (byte)'-') => NumberPart.ExponentSign,
        (NumberPart.ExponentMark or NumberPart.ExponentSign or NumberPart.Exponent, >= (byte)'0' and <= (byte)'9') =>
            NumberPart.Exponent,
        _ => null,
    };

    private void StartLiteral(byte b)
    {
        _literal = b switch { (byte)'t' => True, (byte)'f' => False, _ => Null };
        _literalBytes = 1;
        _state = State.Literal;
    }

    private int ScanLiteral(ReadOnlySpan<byte> piece, int at)
    {
        for (; at < piece.Length; at++)
        {
            if (piece[at] != _literal[_literalBytes])
                throw Invalid("has an invalid literal", at);
            if (++_literalBytes == _literal.Length)
            {
                EndValue(piece, at + 1);
                return at + 1;
            }
        }
        return at;
    }
}

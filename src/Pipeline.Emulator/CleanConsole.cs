using System.Text;

namespace Pipeline.Emulator;

/// <summary>
/// Standard output and standard error for everybody in the process: UTF-8 whatever the locale, and every text clean, wherever it came
/// from. Only who draws on a terminal uses the raw writers, and cleans its texts itself.
/// </summary>
internal static class CleanConsole
{
    private static TextWriter? s_error;

    /// <summary>Puts itself in the place of the console's writers.</summary>
    public static void Install()
    {
        if (s_error is not null)
            return;
        s_error = new TolerantWriter(Open(Console.OpenStandardError()));
        Console.SetOut(new CleanWriter(Open(Console.OpenStandardOutput())));
        Console.SetError(new CleanWriter(s_error));
    }

    /// <summary>The writer to draw with on a terminal; the given one unless that is the console's error writer.</summary>
    public static TextWriter Raw(TextWriter writer) => s_error is not null && ReferenceEquals(writer, Console.Error) ? s_error : writer;

    private static TextWriter Open(Stream stream) =>
        TextWriter.Synchronized(new StreamWriter(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true });
}

/// <summary>A writer of which all else follows from one method.</summary>
internal abstract class SpanWriter(TextWriter raw) : TextWriter
{
    /// <inheritdoc/>
    public override Encoding Encoding => raw.Encoding;

    /// <summary>Where it writes to.</summary>
    protected TextWriter Raw => raw;

    /// <inheritdoc/>
    public abstract override void Write(ReadOnlySpan<char> buffer);

    /// <inheritdoc/>
    public override void Write(char value) => Write([value]);

    /// <inheritdoc/>
    public override void Write(string? value) => Write(value.AsSpan());

    /// <inheritdoc/>
    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    // In one piece with its end, so that lines of several threads do not mix.
    /// <inheritdoc/>
    public override void WriteLine(string? value) => Write((value + NewLine).AsSpan());
}

/// <summary>Writes clean text.</summary>
internal sealed class CleanWriter(TextWriter raw) : SpanWriter(raw)
{
    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<char> buffer)
    {
        if (CleanText.IsClean(buffer))
            Raw.Write(buffer);
        else
            Raw.Write(CleanText.Clean(buffer));
    }

    /// <inheritdoc/>
    public override void Flush() => Raw.Flush();
}

/// <summary>Drops what cannot be written: progress and log lines must not end the work they tell of.</summary>
internal sealed class TolerantWriter(TextWriter raw) : SpanWriter(raw)
{
    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<char> buffer)
    {
        try
        {
            Raw.Write(buffer);
        }
        catch (IOException)
        {
        }
    }

    /// <inheritdoc/>
    public override void Flush()
    {
        try
        {
            Raw.Flush();
        }
        catch (IOException)
        {
        }
    }
}

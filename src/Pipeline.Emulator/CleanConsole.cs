using System.Text;

namespace Pipeline.Emulator;

/// <summary>
/// Replaces standard output and standard error of the process: they write UTF-8 whatever the locale, and clean every
/// text. Only code that draws on a terminal uses the raw writers; it must clean its texts itself.
/// </summary>
internal static class CleanConsole
{
    private static TextWriter? Error;

    /// <summary>Replaces the console's writers. Further calls do nothing.</summary>
    public static void Install()
    {
        if (Error is not null)
            return;
        Error = new TolerantWriter(Open(Console.OpenStandardError()));
        Console.SetOut(new CleanWriter(Open(Console.OpenStandardOutput())));
        Console.SetError(new CleanWriter(Error));
    }

    /// <summary>
    /// The raw writer behind the console's error writer, for drawing on a terminal; any other writer as it is.
    /// </summary>
    public static TextWriter Raw(TextWriter writer) =>
        Error is not null && ReferenceEquals(writer, Console.Error) ? Error : writer;

    private static TextWriter Open(Stream stream) =>
        TextWriter.Synchronized(
            new StreamWriter(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true });
}

/// <summary>A text writer that needs only <see cref="Write(ReadOnlySpan{char})"/>; all other methods call it.</summary>
internal abstract class SpanWriter(TextWriter raw) : TextWriter
{
    /// <inheritdoc/>
    public override Encoding Encoding => raw.Encoding;

    /// <summary>The writer underneath.</summary>
    protected TextWriter Raw => raw;

    /// <inheritdoc/>
    public abstract override void Write(ReadOnlySpan<char> buffer);

    /// <inheritdoc/>
    public override void Write(char value) => Write([value]);

    /// <inheritdoc/>
    public override void Write(string? value) => Write(value.AsSpan());

    /// <inheritdoc/>
    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    // One write for the line and its end, so that lines of several threads do not mix.
    /// <inheritdoc/>
    public override void WriteLine(string? value) => Write((value + NewLine).AsSpan());
}

/// <summary>Cleans each text before writing it; see <see cref="CleanText"/>.</summary>
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

/// <summary>Ignores write errors: a broken console must not end the work whose progress it shows.</summary>
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

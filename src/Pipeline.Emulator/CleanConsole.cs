using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Pipeline.Emulator;

/// <summary>
/// Replaces standard output and standard error of the process: they write UTF-8 whatever the locale, and clean every
/// text. Only code that draws on a terminal uses the raw writers; it must clean its texts itself.
/// </summary>
internal static class CleanConsole
{
    private const int StandardOutput = 1;

    private static TextWriter? Error;
    private static TextWriter? Output;

    /// <summary>Replaces the console's writers. Further calls do nothing.</summary>
    public static void Install()
    {
        if (Error is not null)
            return;
        Error = new TolerantWriter(Open(Console.OpenStandardError()));
        Output = Open(OpenOutput());
        Console.SetOut(new CleanWriter(Output));
        Console.SetError(new CleanWriter(Error));
    }

    /// <summary>
    /// The raw writer behind one of the console's writers, for drawing on a terminal; any other writer as it is.
    /// </summary>
    public static TextWriter Raw(TextWriter writer) =>
        Error is not null && ReferenceEquals(writer, Console.Error) ? Error
        : Output is not null && ReferenceEquals(writer, Console.Out) ? Output
        : writer;

    /// <summary>
    /// Opens the standard output. A pipe whose reader has gone, such as <c>head</c>, is an <see cref="IOException"/>:
    /// .NET's own stream ignores that, so a command would go on for nobody.
    /// </summary>
    public static Stream OpenOutput()
    {
        if (OperatingSystem.IsWindows() || !Console.IsOutputRedirected)
            return Console.OpenStandardOutput();
        try
        {
            var pipe = new FileStream(
                new SafeFileHandle(StandardOutput, ownsHandle: false), FileAccess.Write, bufferSize: 0);
            // In a file that standard error writes too, a stream with a place of its own would overwrite.
            return pipe.CanSeek ? Console.OpenStandardOutput() : pipe;
        }
        // The output is closed (>&-).
        catch (Exception closed) when (closed is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return Console.OpenStandardOutput();
        }
    }

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

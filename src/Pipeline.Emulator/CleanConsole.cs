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

    private const int StandardError = 2;

    private static readonly List<SafeFileHandle> Replacements = [];
    private static TextWriter? Error;
    private static TextWriter? Output;

    /// <summary>Replaces the console's writers. Further calls do nothing.</summary>
    public static void Install()
    {
        if (Error is not null)
            return;
        ReplaceClosed();
        Error = new TolerantWriter(Open(Console.OpenStandardError()));
        Output = Open(OpenOutput());
        Console.SetOut(new CleanWriter(Output));
        Console.SetError(new CleanWriter(Error));
        if (IsInputClosed())
            Console.SetIn(TextReader.Null);
    }

    /// <summary>
    /// Opens the standard input. If it was closed before the start (<c>&lt;&amp;-</c>), the stream is empty. .NET's own
    /// stream would wait forever, because the runtime puts a pipe of its own in that place.
    /// </summary>
    public static Stream OpenInput() => IsInputClosed() ? Stream.Null : Console.OpenStandardInput();

    /// <summary>
    /// Opens the null device for each standard stream that was closed before the start. Otherwise the next file that is
    /// opened, such as the state, would get the stream's number, and messages would be written into it.
    /// </summary>
    private static void ReplaceClosed()
    {
        if (OperatingSystem.IsWindows())
            return;
        try
        {
            while (true)
            {
                var handle = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
                if (handle.DangerousGetHandle() > StandardError)
                {
                    handle.Dispose();
                    return;
                }
                Replacements.Add(handle);
            }
        }
        // There is no such device here. The streams are usually open, and then nothing is missing.
        catch (Exception missing) when (missing is IOException or UnauthorizedAccessException)
        {
        }
    }

    // If this process also holds the other end of the pipe, the runtime opened it.
    private static bool IsInputClosed()
    {
        const string own = "/proc/self/fd";
        try
        {
            return new FileInfo($"{own}/0").LinkTarget is { } input
                && input.StartsWith("pipe:", StringComparison.Ordinal)
                && Directory.EnumerateFiles(own).Any(
                    file => new FileInfo(file).LinkTarget == input && IsForWriting(Path.GetFileName(file)));
        }
        // Not Linux, or a descriptor that was closed meanwhile.
        catch (Exception unknown) when (unknown is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static bool IsForWriting(string descriptor) =>
        File.ReadLines($"/proc/self/fdinfo/{descriptor}")
            .Any(line => line.StartsWith("flags:", StringComparison.Ordinal) && line[^1] == '1');

    /// <summary>
    /// The raw writer behind one of the console's writers, for drawing on a terminal; any other writer as it is.
    /// </summary>
    public static TextWriter Raw(TextWriter writer) =>
        Error is not null && ReferenceEquals(writer, Console.Error) ? Error
        : Output is not null && ReferenceEquals(writer, Console.Out) ? Output
        : writer;

    /// <summary>
    /// Opens the standard output. A pipe whose reader has gone, such as <c>head</c>, throws an
    /// <see cref="IOException"/>. .NET's own stream ignores that, so a command would continue for nobody.
    /// </summary>
    public static Stream OpenOutput()
    {
        if (OperatingSystem.IsWindows() || !Console.IsOutputRedirected)
            return Console.OpenStandardOutput();
        try
        {
            var pipe = new FileStream(
                new SafeFileHandle(StandardOutput, ownsHandle: false), FileAccess.Write, bufferSize: 0);
            // If standard error writes to the same file, a stream with its own position would overwrite it.
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
        catch (Exception broken) when (broken is IOException or UnauthorizedAccessException)
        {
            // .NET throws the second if the stream was closed before the start (2>&-).
        }
    }

    /// <inheritdoc/>
    public override void Flush()
    {
        try
        {
            Raw.Flush();
        }
        catch (Exception broken) when (broken is IOException or UnauthorizedAccessException)
        {
            // .NET throws the second if the stream was closed before the start (2>&-).
        }
    }
}

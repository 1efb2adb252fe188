using System.Runtime.InteropServices;
using System.Text.Json;

namespace Pipeline.Emulator;

/// <summary>The emulator as a command: a program of its own, and <c>pipeline emulator</c>.</summary>
public static class EmulatorProgram
{
    // EPIPE, which .NET gives as it is.
    private const int BrokenPipe = 32;

    /// <summary>Runs an emulator until SIGINT or SIGTERM, or on request until its standard input closes.</summary>
    /// <param name="args">The arguments, as <c>--help</c> lists them.</param>
    /// <returns>
    /// The exit code: 0 when stopped, 1 for an error, 2 for wrong arguments, 141 if the reader of the output has gone.
    /// </returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> args)
    {
        try
        {
            if (EmulatorArguments.Parse(args) is not { } options)
            {
                Console.Out.Write(EmulatorArguments.Help);
                return 0;
            }
            using var folder = TemporaryFolder.For(options);
            return await RunAsync(
                options with { DataFolder = folder.Path }, options.DataFolder.Length > 0,
                EmulatorArguments.StopsWithStdin(args));
        }
        catch (Exception error) when (error is FormatException or ArgumentException)
        {
            Console.Error.WriteLine($"pipeline: {error.Message}");
            return 2;
        }
        catch (IOException error) when (error.HResult == BrokenPipe)
        {
            return 141;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"pipeline: {error.Message}");
            return 1;
        }
    }

    private static async Task<int> RunAsync(EmulatorOptions options, bool keepsFolder, bool stopsWithStdin)
    {
        await using var emulator = await Emulator.StartAsync(options, CancellationToken.None);
        Console.Error.WriteLine($"The emulator listens on {emulator.BaseAddress}");
        if (!keepsFolder)
            Console.Error.WriteLine($"It keeps its work in '{options.DataFolder}' and deletes that when it stops.");
        Console.Out.WriteLine(AddressLine(emulator));
        var stop = new TaskCompletionSource();
        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.TrySetResult();
        }
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        var closed = stopsWithStdin ? ReadToEndAsync(CleanConsole.OpenInput()) : stop.Task;
        var ended = await Task.WhenAny(stop.Task, closed, emulator.Completion);
        return ended == emulator.Completion ? 1 : 0;
    }

    private static string AddressLine(RunningEmulator emulator) =>
        $$"""{{{Member("address", emulator.BaseAddress)}},{{Member("s3", emulator.S3Endpoint)}},"""
        + $$"""{{Member("gcs", emulator.GcsEndpoint)}}}""";

    private static string Member(string name, Uri address) =>
        $"\"{name}\":\"{JsonEncodedText.Encode(address.AbsoluteUri.TrimEnd('/'))}\"";

    private static async Task ReadToEndAsync(Stream input)
    {
        var buffer = new byte[1024];
        while (await input.ReadAsync(buffer) > 0)
        {
        }
    }

    /// <summary>A temporary folder for an emulator that keeps nothing.</summary>
    private sealed class TemporaryFolder : IDisposable
    {
        private readonly bool _isTemporary;

        private TemporaryFolder(string path, bool isTemporary) => (Path, _isTemporary) = (path, isTemporary);

        public string Path { get; }

        /// <summary>The folder of the options, or a new one if they name none.</summary>
        public static TemporaryFolder For(EmulatorOptions options) =>
            options.DataFolder.Length > 0
                ? new(options.DataFolder, isTemporary: false)
                : new(Directory.CreateTempSubdirectory("pipeline-emulator-").FullName, isTemporary: true);

        public void Dispose()
        {
            if (_isTemporary)
                Directory.Delete(Path, recursive: true);
        }
    }
}

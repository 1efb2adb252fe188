using System.Runtime.InteropServices;

namespace Pipeline.Emulator;

/// <summary>The emulator as a command: a program of its own, and <c>pipeline emulator</c>.</summary>
public static class EmulatorProgram
{
    /// <summary>Runs an emulator until SIGINT or SIGTERM.</summary>
    /// <param name="args">The arguments, as <c>--help</c> lists them.</param>
    /// <returns>The exit code: 0 when stopped, 1 for an error, 2 for wrong arguments.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> args)
    {
        try
        {
            if (EmulatorArguments.Parse(args) is not { } options)
            {
                Console.Out.Write(EmulatorArguments.Help);
                return 0;
            }
            await using var emulator = await Emulator.StartAsync(options, CancellationToken.None);
            Console.Error.WriteLine($"The emulator listens on {emulator.BaseAddress}");
            var stop = new TaskCompletionSource();
            void Stop(PosixSignalContext signal)
            {
                signal.Cancel = true;
                stop.TrySetResult();
            }
            using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
            using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
            var ended = await Task.WhenAny(stop.Task, emulator.Completion);
            return ended == stop.Task ? 0 : 1;
        }
        catch (Exception error) when (error is FormatException or ArgumentException)
        {
            Console.Error.WriteLine($"pipeline: {error.Message}");
            return 2;
        }
        catch (IOException error)
        {
            Console.Error.WriteLine($"pipeline: {error.Message}");
            return 1;
        }
    }
}

using System.Runtime.InteropServices;

namespace Pipeline.Emulator;

/// <summary>The emulator as a program: of its own, and as <c>pipeline emulator</c>.</summary>
public static class EmulatorProgram
{
    /// <summary>Runs an emulator until it is told to stop.</summary>
    /// <param name="args">As <c>--help</c> lists them.</param>
    /// <returns>The exit code: 0 stopped, 1 an error, 2 wrong usage.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> args)
    {
        try
        {
            if (CommandLine.Parse(args) is not { } options)
            {
                Console.Out.Write(CommandLine.Help);
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
            Console.Error.WriteLine(error.Message);
            return 2;
        }
        catch (IOException error)
        {
            Console.Error.WriteLine(error.Message);
            return 1;
        }
    }
}

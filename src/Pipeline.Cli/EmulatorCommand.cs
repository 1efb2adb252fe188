using System.CommandLine;
using Pipeline.Emulator;

namespace Pipeline.Cli;

/// <summary>
/// <c>pipeline emulator</c>: emulates Nimble's API on this machine. It has its own parser of arguments.
/// </summary>
internal static class EmulatorCommand
{
    public const string Name = "emulator";

    public static Command Create() => new(Name, "Emulate Nimble's API on this machine, with faults on demand.");

    public static Task<int> RunAsync(string[] args) => EmulatorProgram.RunAsync(args);
}

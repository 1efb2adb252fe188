using System.CommandLine;
using Pipeline.Emulator;

namespace Pipeline.Cli;

/// <summary><c>pipeline emulator</c>: Nimble's async and batch API on this machine. Its arguments are the emulator's own.</summary>
internal static class EmulatorCommand
{
    public const string Name = "emulator";

    public static Command Create() => new(Name, "Stand in for Nimble's API on this machine, with faults on demand; 'pipeline emulator --help' lists its options.");

    public static Task<int> RunAsync(string[] args) => EmulatorProgram.RunAsync(args);
}

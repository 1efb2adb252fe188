using Pipeline.Cli;

// First: it replaces streams that were closed, before a file takes their place.
Pipeline.Emulator.CleanConsole.Install();
if (OpenFileLimit.FindFault() is { } fault)
{
    Console.Error.WriteLine($"pipeline: {fault}");
    return ExitCodes.Usage;
}

return await CommandLine.InvokeAsync(args);

using Pipeline.Cli;

Pipeline.Emulator.CleanConsole.Install();
return await CommandLine.InvokeAsync(args);

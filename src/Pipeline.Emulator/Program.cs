using Pipeline.Emulator;

CleanConsole.Install();
return await EmulatorProgram.RunAsync(args);

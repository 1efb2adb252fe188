using Pipeline.Emulator;

return await EmulatorProgram.RunAsync(args);

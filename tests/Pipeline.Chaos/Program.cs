using Pipeline.Chaos;

return await ChaosProgram.RunAsync(args);

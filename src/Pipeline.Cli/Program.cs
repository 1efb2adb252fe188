using Pipeline.Cli;

return await CommandLine.InvokeAsync(args);

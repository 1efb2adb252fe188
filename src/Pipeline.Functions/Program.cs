using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Pipeline.Functions;

var builder = FunctionsApplication.CreateBuilder(args);
try
{
    builder.ConfigurePipeline();
}
catch (OptionsValidationException problem)
{
    foreach (var fault in problem.Failures)
        await Console.Error.WriteLineAsync(fault);
    return 2;
}

await builder.Build().RunAsync();
return 0;

using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.Hosting;
using Pipeline.Functions;

var builder = FunctionsApplication.CreateBuilder(args);
builder.ConfigureFunctionsWebApplication();
builder.Services
    .AddPipelineFunctions(builder.Configuration)
    .AddAzureStorage(builder.Configuration)
    .AddTelemetry(builder.Configuration);
await builder.Build().RunAsync();

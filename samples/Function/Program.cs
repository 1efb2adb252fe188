using Azure.Identity;
using Azure.Storage.Blobs;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Pipeline.Records;

var builder = FunctionsApplication.CreateBuilder(args);
// The account of the queue: a connection string on one machine, the app's identity on Azure.
var records = builder.Configuration["RecordsStorage"] is { Length: > 0 } connection
    ? new BlobContainerClient(connection, "records")
    : new BlobContainerClient(
        new Uri($"{builder.Configuration["RecordsStorage:blobServiceUri"]?.TrimEnd('/')}/records"),
        new ManagedIdentityCredential(ManagedIdentityId.SystemAssigned));
builder.Services.AddSingleton(new PartReader(records));
await builder.Build().RunAsync();

using System.Globalization;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Npgsql;
using Pipeline.Records;
using Pipeline.Samples.Postgres;

// Fills PostgreSQL from queue `records`. Arguments: --until-empty to end with the queue, --lease SECONDS.
var account = Environment.GetEnvironmentVariable("AzureWebJobsStorage");
var postgres = Environment.GetEnvironmentVariable("POSTGRES");
if (account is null || postgres is null)
{
    Console.Error.WriteLine("Set AzureWebJobsStorage and POSTGRES to connection strings.");
    return 2;
}
var lease = args is [.., "--lease", var seconds] ? double.Parse(seconds, CultureInfo.InvariantCulture) : 300;
var reader = new RecordQueueReader(
    new QueueClient(account, "records"),
    new BlobContainerClient(account, "records"),
    new()
    {
        Lease = TimeSpan.FromSeconds(lease),
        OnProblem = problem => Console.Error.WriteLine($"{(problem.IsPoison ? "poison" : "again")}: {problem.Reason}"),
    });
await using var database = NpgsqlDataSource.Create(postgres);
using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, key) =>
{
    key.Cancel = true;
    stop.Cancel();
};
try
{
    var pages = new PageTable(database);
    await pages.CreateAsync(stop.Token);
    await new Consumer(reader, pages).RunAsync(untilEmpty: args.Contains("--until-empty"), stop.Token);
    return 0;
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    return 130;
}

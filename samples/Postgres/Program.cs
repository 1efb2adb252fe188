using System.Globalization;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Npgsql;
using Pipeline.Records;
using Pipeline.Samples.Postgres;

// Fills PostgreSQL from queue `records`. Arguments: --until-empty to end with the queue, --lease SECONDS.
var account = Environment.GetEnvironmentVariable("AzureWebJobsStorage");
var lease = args is [.., "--lease", var seconds] ? double.Parse(seconds, CultureInfo.InvariantCulture) : 300;
var reader = new RecordQueueReader(
    new QueueClient(account, "records"),
    new BlobContainerClient(account, "records"),
    new()
    {
        Lease = TimeSpan.FromSeconds(lease),
        OnProblem = problem => Console.Error.WriteLine($"{(problem.IsPoison ? "poison" : "again")}: {problem.Reason}"),
    });
await using var database = NpgsqlDataSource.Create(Environment.GetEnvironmentVariable("POSTGRES")!);
using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, key) =>
{
    key.Cancel = true;
    stop.Cancel();
};
var pages = new PageTable(database);
await pages.CreateAsync(stop.Token);
await new Consumer(reader, pages).RunAsync(untilEmpty: args.Contains("--until-empty"), stop.Token);

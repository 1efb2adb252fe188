using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Pipeline.Records;

var account = Environment.GetEnvironmentVariable("AzureWebJobsStorage");
var reader = new RecordQueueReader(
    new QueueClient(account, "records"),
    new BlobContainerClient(account, "records"),
    new() { OnProblem = problem => Console.Error.WriteLine(problem.Reason) });
using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, key) => { key.Cancel = true; stop.Cancel(); };
try
{
    // Asking for the next record says that this one has been handled.
    await foreach (var record in reader.ReadAsync(untilEmpty: args is ["--until-empty"], stop.Token))
        Console.WriteLine($"{record.HttpStatus} {record.Url} {record.Content?.Html?.Length}");
}
catch (OperationCanceledException) when (stop.IsCancellationRequested) { }

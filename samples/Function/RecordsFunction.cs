using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;
using Pipeline.Records;

namespace Pipeline.Samples.Function;

/// <summary>
/// Handles the records of one message. The host keeps the message hidden meanwhile, deletes it when the function
/// returns, and moves it to <c>records-poison</c> after five failures.
/// </summary>
internal sealed partial class RecordsFunction(PartReader reader, ILogger<RecordsFunction> logger)
{
    [Function("Records")]
    public async Task RunAsync(
        [QueueTrigger("records", Connection = "RecordsStorage")] string message, CancellationToken cancellationToken)
    {
        // The same record may come again: make its effect and its id one write, as samples/Postgres does.
        await foreach (var record in reader.ReadAsync(PartMessage.Parse(message), without: null, cancellationToken))
            LogRecord(record.HttpStatus, record.Url, record.ContentBytes);
    }

    [LoggerMessage(1, LogLevel.Information, "{HttpStatus} {Url}: {Bytes} bytes of content")]
    private partial void LogRecord(int? httpStatus, string url, long bytes);
}

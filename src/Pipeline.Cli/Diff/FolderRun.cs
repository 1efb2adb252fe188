using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Json;
using Pipeline.Cli.Run;
using Pipeline.Intake.Reading.Json;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Records;
using Pipeline.Reports.Diff;

namespace Pipeline.Cli.Diff;

/// <summary>Reads the inputs of a run from the files of an output folder, in bounded memory.</summary>
/// <param name="folder">The folder.</param>
/// <param name="listId">The list; null for all lists of the folder.</param>
internal sealed class FolderRun(string folder, string? listId)
{
    private const string RecordsFile = "records.ndjson";
    private const string FailuresFile = "failures.ndjson";

    // Content is not needed here, so it need not be in memory or match its digest.
    private static readonly RecordReaderOptions Reading = new() { MaxMemoryBytes = 1 << 20, VerifyDigests = false };

    /// <summary>Whether a folder holds the files of a run.</summary>
    public static bool Exists(string folder) => File.Exists(Path.Combine(folder, RecordsFile));

    /// <summary>Reads the inputs: those with a record, then those with a failure.</summary>
    /// <exception cref="PipelineException">Permanent: a line is no record.</exception>
    public async IAsyncEnumerable<RunInput> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var record in ReadRecordsAsync(cancellationToken))
        {
            if (listId is null || record.ListId == listId)
                yield return new(
                    KeyOf(record.Input, record.Id),
                    record.Url,
                    new(record.ContentDigest, record.TextDigest, record.HttpStatus));
        }
        var failures = Path.Combine(folder, FailuresFile);
        if (!File.Exists(failures))
            yield break;
        var number = 0;
        await foreach (var line in File.ReadLinesAsync(failures, cancellationToken))
        {
            if (ReadFailure(line, ++number) is { Input: { } input } failure
                && (listId is null || failure.ListId == listId))
                yield return new(KeyOf(input, failure.Id), failure.Url, null);
        }
    }

    private async IAsyncEnumerable<Record> ReadRecordsAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var reader = RecordReader.OpenFile(Path.Combine(folder, RecordsFile), Reading);
        await using var records = reader.ReadAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (await MoveNextAsync(records))
            yield return records.Current;
    }

    private async ValueTask<bool> MoveNextAsync(IAsyncEnumerator<Record> records)
    {
        try
        {
            return await records.MoveNextAsync();
        }
        catch (RecordException problem)
        {
            throw PipelineException.Permanent(
                FailureReasons.InvalidInput,
                $"{problem.Message}. See what else is wrong: pipeline verify {Shell.Quote(folder)}", problem);
        }
    }

    private Pipeline.Model.Failure? ReadFailure(string line, int number)
    {
        try
        {
            return JsonSerializer.Deserialize(line, PipelineJson.Default.Failure);
        }
        catch (JsonException problem)
        {
            throw PipelineException.Permanent(
                FailureReasons.InvalidInput,
                $"{Path.Combine(folder, FailuresFile)}, line {number}: it is no failure "
                    + $"({JsonProblems.Describe(problem)}). See what else is wrong: "
                    + $"pipeline verify {Shell.Quote(folder)}",
                problem);
        }
    }

    /// <summary>
    /// The key that a series has for the input. Intake adds a record's id as tag where URLs repeat; that is not part of
    /// the input.
    /// </summary>
    private static string KeyOf(JsonElement input, string id)
    {
        var isTagged = input.ValueKind == JsonValueKind.Object
            && input.TryGetProperty("tag"u8, out var tag)
            && tag.ValueKind == JsonValueKind.String
            && tag.ValueEquals(id);
        var canonical = isTagged
            ? CanonicalJson.ToBytes(JsonElement.Parse(DeliveryFields.Without(input, ["tag"])))
            : CanonicalJson.ToBytes(input);
        return Convert.ToHexStringLower(SHA256.HashData(canonical))[..RunInput.KeyDigits];
    }
}

using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Json;
using Pipeline.Cli.Run;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Records;
using Pipeline.Reports.Diff;
using Pipeline.Stores.Local;

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

    /// <summary>
    /// Reads the inputs, each once: those with a record, then those with a failure. A folder may hold several runs of
    /// an input; its last record counts.
    /// </summary>
    /// <exception cref="PipelineException">Permanent: a line is no record or no failure.</exception>
    public async IAsyncEnumerable<RunInput> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var scratch = new RunScratch();
        await foreach (var input in ReadFilesAsync(cancellationToken))
            scratch.Add(input.Key, input.Url, input.Outcome, input.IsLeftOut);
        foreach (var (key, url, outcome) in scratch.All())
            yield return new(key, url, outcome);
    }

    private async IAsyncEnumerable<RunInput> ReadFilesAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var reader = RecordReader.OpenFile(Path.Combine(folder, RecordsFile), Reading);
        await foreach (var record in Told(reader.ReadAsync(cancellationToken)))
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
        await foreach (var failure in Told(FailureReader.ReadFileAsync(failures, Reading, cancellationToken)))
        {
            if (listId is null || failure.ListId == listId)
                yield return new(KeyOf(InputOf(failure), failure.Id), failure.Url, null);
        }
    }

    /// <summary>Passes on what is read, and tells what cannot be as a user understands it.</summary>
    private async IAsyncEnumerable<T> Told<T>(IAsyncEnumerable<T> source)
    {
        await using var items = source.GetAsyncEnumerator();
        while (await MoveNextAsync(items))
            yield return items.Current;
    }

    private async ValueTask<bool> MoveNextAsync<T>(IAsyncEnumerator<T> items)
    {
        try
        {
            return await items.MoveNextAsync();
        }
        catch (RecordException problem)
        {
            throw PipelineException.Permanent(
                FailureReasons.InvalidInput,
                $"{problem.Message}. See what else is wrong: pipeline verify {Shell.Quote(folder)}", problem);
        }
    }

    /// <summary>The input; of a line that is none, its text.</summary>
    private static JsonElement InputOf(Records.Failure failure) =>
        failure.Input ?? JsonSerializer.SerializeToElement(failure.InputText ?? "", PipelineJson.Plain.String);

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

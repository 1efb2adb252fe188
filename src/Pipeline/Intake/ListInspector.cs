using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Pipeline.Intake;

/// <summary>Reads a list through once, keeping nothing of it, so that a list that cannot be accepted is refused before anything is written.</summary>
internal static partial class ListInspector
{
    private const int IdDigits = 20;

    /// <summary>Inspects a list.</summary>
    /// <param name="open">Opens its bytes, plain or gzip.</param>
    /// <param name="nameHint">The file's name, where there is one.</param>
    /// <param name="extraSharedInputs">A JSON object of defaults that go over the list's own, or null.</param>
    /// <param name="options">Limits, and whether bad lines refuse the list.</param>
    /// <param name="listId">An id that goes over the list's own, or null.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <exception cref="PipelineException">
    /// Permanent: malformed, without any URL, with bad lines where <see cref="IntakeOptions.Strict"/> is set, or with settings that cannot be used.
    /// </exception>
    public static async Task<ListInspection> InspectAsync(
        Func<CancellationToken, ValueTask<Stream>> open,
        string? nameHint,
        string? extraSharedInputs,
        IntakeOptions options,
        string? listId = null,
        CancellationToken cancellationToken = default)
    {
        JsonElement? outside = extraSharedInputs is null ? null : SharedInputs.Parse(Encoding.UTF8.GetBytes(extraSharedInputs));
        var fromOutside = SharedInputs.Merge(null, outside);
        await using var reader = await ListReader.OpenAsync(open, nameHint, options.MaxItemBytes, cancellationToken);
        var tally = new ItemTally();
        await foreach (var item in reader.ReadAsync(cancellationToken))
            tally.Add(item);
        var shared = SharedInputs.Merge(reader.Fields.SharedInputs, outside);
        var hash = reader.GetHash();
        var given = listId ?? reader.Fields.ListId;
        var (valid, bad) = tally.With(shared);
        var inspection = new ListInspection
        {
            Form = reader.Form,
            ListId = given is null ? DefaultId(hash, fromOutside) : Checked(given),
            IsIdGiven = given is not null,
            Valid = valid,
            Invalid = tally.Count - valid,
            FirstBad = bad,
            Shared = shared,
            Name = reader.Fields.Name,
            ContentHash = hash,
            Warnings = Warnings(reader.Fields.Dropped),
        };
        Refuse(inspection, options);
        return inspection;
    }

    private static void Refuse(ListInspection list, IntakeOptions options)
    {
        if (list.Valid == 0)
        {
            throw PipelineException.Permanent(FailureReasons.InvalidInput,
                "The list has no URL in it. Write one http or https URL a line, a CSV file with a column 'url', or JSON." + Lines(list));
        }
        if (options.Strict && list.Invalid > 0)
        {
            throw PipelineException.Permanent(FailureReasons.InvalidInput,
                $"The list has {list.Invalid:N0} bad {list.Unit}{(list.Invalid == 1 ? "" : "s")} and was refused as a whole (strict). Correct and submit it again." + Lines(list));
        }
    }

    private static string Lines(ListInspection list)
    {
        var text = new StringBuilder();
        foreach (var bad in list.FirstBad)
            text.Append($"\n  {list.Unit} {bad.Line}: {bad.Problem}");
        if (list.Invalid > list.FirstBad.Count)
            text.Append($"\n  ... and {list.Invalid - list.FirstBad.Count:N0} more");
        return text.ToString();
    }

    private static string DefaultId(byte[] contentHash, SharedInputs fromOutside)
    {
        var hash = fromOutside.Properties.Count == 0 ? contentHash : SHA256.HashData([.. contentHash, .. Encoding.UTF8.GetBytes(fromOutside.Json)]);
        return Convert.ToHexStringLower(hash)[..IdDigits];
    }

    private static string Checked(string id) => ListId().IsMatch(id)
        ? id
        : throw PipelineException.Permanent(FailureReasons.InvalidConfiguration,
            $"'{id}' cannot be a list_id. Use 1 to 64 letters, digits, '-' and '_'.");

    private static IReadOnlyList<string> Warnings(IReadOnlyList<string> dropped) => dropped.Count == 0
        ? []
        : [$"The list's {string.Join(", ", dropped)} {(dropped.Count == 1 ? "is" : "are")} left out: the pipeline sets delivery itself for every submission "
            + "(Delivery:StorageUrl, Delivery:Compress, Delivery:CallbackBase)."];

    [GeneratedRegex(@"^[A-Za-z0-9_-]{1,64}\z")]
    private static partial Regex ListId();
}

using System.Text;
using System.Text.Json;
using Pipeline.Ledger;

namespace Pipeline.Intake;

/// <summary>
/// Reads a list through once, keeping nothing of it, so that a list that cannot be accepted is refused before anything
/// is written.
/// </summary>
internal static class ListInspector
{
    /// <summary>Inspects a list.</summary>
    /// <param name="source">Its bytes, plain or gzip, and what is known of them.</param>
    /// <param name="extraSharedInputs">A JSON object of defaults that go over the list's own, or null.</param>
    /// <param name="options">Limits, and whether bad lines refuse the list.</param>
    /// <param name="listId">An id that goes over the list's own, or null.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <exception cref="PipelineException">
    /// Permanent: malformed, without any URL, with bad lines where <see cref="IntakeOptions.Strict"/> is set, or with
    /// settings that cannot be used.
    /// </exception>
    public static async Task<ListInspection> InspectAsync(
        ListSource source,
        string? extraSharedInputs,
        IntakeOptions options,
        string? listId = null,
        CancellationToken cancellationToken = default
    )
    {
        JsonElement? outside = extraSharedInputs is null
            ? null
            : SharedInputs.Parse(Encoding.UTF8.GetBytes(extraSharedInputs));
        await using var reader = await ListReader.OpenAsync(source, options, cancellationToken);
        var tally = new ItemTally();
        await foreach (var item in reader.ReadAsync(cancellationToken))
            tally.Add(item);
        var shared = SharedInputs.Merge(reader.Fields.SharedInputs, outside);
        var hash = reader.GetHash();
        var contentHash = ListIds.ContentHash(hash, SharedInputs.Merge(null, outside), source.UrlColumn);
        var given = listId ?? reader.Fields.ListId;
        var (valid, bad) = tally.With(shared);
        var inspection = new ListInspection
        {
            Form = reader.Form,
            ListId = given is null ? ListIds.Derive(contentHash) : ListIds.Checked(given, contentHash),
            Valid = valid,
            Invalid = tally.Count - valid,
            FirstBad = bad,
            Shared = shared,
            Name = reader.Fields.Name,
            BytesHash = hash,
            ContentHash = contentHash,
            Warnings = [.. ListWarnings.Of(reader, source, tally)],
        };
        if (reader.Header?.Header is { UrlColumn: < 0 } header && shared.Url is null)
            throw header.WithoutUrls();
        Refuse(inspection, options);
        return inspection;
    }

    private static void Refuse(ListInspection list, IntakeOptions options)
    {
        if (list.Valid == 0)
        {
            throw PipelineException.Permanent(
                FailureReasons.InvalidInput,
                "The list has no URL in it. "
                    + "Write one http or https URL a line, a CSV file with a column 'url', or JSON."
                    + Lines(list)
            );
        }
        if (options.Strict && list.Invalid > 0)
        {
            throw PipelineException.Permanent(
                FailureReasons.InvalidInput,
                $"The list has {list.Invalid:N0} bad {list.Unit}{(list.Invalid == 1 ? "" : "s")} and was refused as a "
                    + "whole (strict). "
                    + "Correct and submit it again."
                    + Lines(list)
            );
        }
        if (
            Parts(list.Valid, options.MaxInputsPerSubmission) + Parts(list.Invalid, SubmissionPlanner.MaxBadLines)
            > SubmissionIds.MaxPlanned
        )
        {
            throw PipelineException.Permanent(
                FailureReasons.LimitExceeded,
                $"The list has {list.Inputs:N0} {list.Unit}s and would be cut into more than "
                    + $"{SubmissionIds.MaxPlanned:N0} submissions. "
                    + "Divide it into several lists, or raise Intake:MaxInputsPerSubmission."
            );
        }
    }

    private static long Parts(long inputs, int size) => (inputs + size - 1) / size;

    private static string Lines(ListInspection list)
    {
        var text = new StringBuilder();
        foreach (var bad in list.FirstBad)
            text.Append($"\n  {list.Unit} {bad.Line}: {bad.Problem}");
        if (list.Invalid > list.FirstBad.Count)
            text.Append($"\n  ... and {list.Invalid - list.FirstBad.Count:N0} more");
        return text.ToString();
    }
}

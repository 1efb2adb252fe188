using System.Text;
using System.Text.Json;
using Pipeline.Intake.Reading;
using Pipeline.Model;
using Pipeline.Model.Series;
using Pipeline.Options;

namespace Pipeline.Intake;

/// <summary>
/// Reads a list once without storing it, so a list that cannot be accepted is refused before anything is written.
/// </summary>
internal static class ListInspector
{
    /// <summary>Inspects a list.</summary>
    /// <param name="source">The list's bytes, plain or gzip, with name, format and URL column if known.</param>
    /// <param name="extraSharedInputs">A JSON object of defaults that override the list's own, or null.</param>
    /// <param name="options">Limits, and whether a bad line refuses the list.</param>
    /// <param name="listId">An id that overrides the list's own, or null.</param>
    /// <param name="series">The series fields from outside, which override the list's own.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <exception cref="PipelineException">
    /// Permanent: the list is malformed or too long, has no URL, has bad lines although
    /// <see cref="IntakeOptions.Strict"/> is set, or its id or shared inputs cannot be used.
    /// </exception>
    public static async Task<ListInspection> InspectAsync(
        ListSource source,
        string? extraSharedInputs,
        IntakeOptions options,
        string? listId = null,
        SeriesFields series = default,
        CancellationToken cancellationToken = default)
    {
        JsonElement? outside = extraSharedInputs is null
            ? null
            : SharedInputs.Parse(Encoding.UTF8.GetBytes(extraSharedInputs));
        await using var reader = await ListReader.OpenAsync(source, options, cancellationToken);
        var tally = new ItemCounter();
        await foreach (var item in reader.ReadAsync(cancellationToken))
            tally.Add(item);
        var shared = SharedInputs.Merge(reader.Fields.SharedInputs, outside);
        var hash = reader.GetHash();
        var contentHash = ListIds.ContentHash(
            hash, SharedInputs.Merge(null, outside), source.UrlColumn, series.Name);
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
            Series = SeriesRequest.Of(series.Or(reader.Fields.Series)),
            BytesHash = hash,
            ContentHash = contentHash,
            Warnings = [.. ListWarnings.Of(reader, source, tally)],
        };
        if (reader.Header?.Header is { UrlColumn: < 0 } header && shared.Url is null)
            throw header.WithoutUrls();
        if (inspection.Valid == 0)
            throw WithoutUrl(inspection);
        if (options.Strict && inspection.Invalid > 0)
            throw WithBadLines(inspection);
        if (MaxSubmissions(inspection, options) > SubmissionIds.MaxPlanned)
            throw TooLong(inspection);
        return inspection;
    }

    private static long MaxSubmissions(ListInspection list, IntakeOptions options) =>
        DivideUp(list.Valid, options.MaxInputsPerSubmission) + DivideUp(list.Invalid, SubmissionPlanner.MaxBadLines);

    private static long DivideUp(long inputs, int size) => (inputs + size - 1) / size;

    private static PipelineException WithoutUrl(ListInspection list) =>
        PipelineException.Permanent(
            FailureReasons.InvalidInput,
            "The list has no URL. Write one http or https URL per line, a CSV file with a column 'url' (or name its "
                + "column: --url-column NAME), or JSON.",
            DescribeBadLines(list));

    private static PipelineException WithBadLines(ListInspection list) =>
        PipelineException.Permanent(
            FailureReasons.InvalidInput,
            $"The list has {Amount.Of(list.Invalid, $"bad {list.Unit}")} and was refused as a "
                + "whole (strict). Correct the "
                + "list and submit it again.",
            DescribeBadLines(list));

    private static PipelineException TooLong(ListInspection list) =>
        PipelineException.Permanent(
            FailureReasons.LimitExceeded,
            $"The list has {Amount.Of(list.Inputs, list.Unit)} and would need more than {SubmissionIds.MaxPlanned:N0} "
                + "submissions. Split it into several lists, or raise Intake:MaxInputsPerSubmission.");

    private static IReadOnlyList<string> DescribeBadLines(ListInspection list)
    {
        var lines = list.FirstBad.Select(bad => $"{list.Unit} {bad.Line}: {bad.Problem}");
        return list.Invalid > list.FirstBad.Count
            ? [.. lines, $"and {list.Invalid - list.FirstBad.Count:N0} more"]
            : [.. lines];
    }
}

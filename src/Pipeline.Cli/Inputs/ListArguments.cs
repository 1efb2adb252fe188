using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Cli.Run;
using Pipeline.Cli.Settings;
using Pipeline.Model;
using Pipeline.Notation;
using Pipeline.Ports;

namespace Pipeline.Cli.Inputs;

/// <summary>The argument that names one list.</summary>
internal static class ListArguments
{
    /// <summary>Creates the argument.</summary>
    public static Argument<string> One() =>
        new Argument<string>("LIST_ID") { Description = "Id of a list." }.RefusingOptions();

    /// <summary>Returns the list.</summary>
    /// <exception cref="PipelineException">Permanent: it is unknown.</exception>
    public static async Task<ListEntry> RequireAsync(
        IServiceProvider services, RunSettings settings, string listId, CancellationToken cancellationToken) =>
        (SubmissionIds.IsWellFormed(listId)
            ? await services.GetRequiredService<ILedger>().GetListAsync(listId, cancellationToken)
            : null)
        ?? throw Unknown(settings, listId);

    /// <summary>The problem of a list that is not where it was looked for.</summary>
    /// <param name="settings">What names that place.</param>
    /// <param name="listId">The list.</param>
    /// <param name="more">A further sentence, with a blank before it.</param>
    public static PipelineException Unknown(
        RunSettings settings, string listId, string more = "") => PipelineException.Permanent(
        FailureReasons.InvalidInput,
        $"No list {DisplayText.Quote(listId)} is known in {settings.WorkStore.Name}. "
            + $"'{Shell.Command(settings, "status --all")}' shows the lists.{more}");
}

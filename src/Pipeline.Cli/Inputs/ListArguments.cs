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
        ?? throw PipelineException.Permanent(
            FailureReasons.InvalidInput,
            $"No list {DisplayText.Quote(listId)} is known. '{Shell.Command(settings, "status")}' shows the lists.");
}

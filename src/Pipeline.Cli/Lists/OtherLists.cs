using Microsoft.Extensions.DependencyInjection;
using Pipeline.Cli.Run;
using Pipeline.Cli.Settings;
using Pipeline.Model;
using Pipeline.Reports;
using Spectre.Console;

namespace Pipeline.Cli.Lists;

/// <summary>Tells the user of lists of the same state that a run works on too but does not wait for.</summary>
/// <param name="services">The host's services.</param>
/// <param name="settings">What the command was asked for.</param>
/// <param name="own">The lists that the run waits for, by id.</param>
/// <param name="console">Where to tell it.</param>
internal sealed class OtherLists(
    IServiceProvider services, RunSettings settings, IReadOnlyList<string> own, IAnsiConsole console)
{
    private const int MaxNamed = 3;

    /// <summary>Says which other lists are open when the run begins.</summary>
    public Task SayAtStartAsync(CancellationToken cancellationToken) =>
        SayAsync("is open in this folder too. This run works on it but does not wait for it.", cancellationToken);

    /// <summary>Says which of them are still open when the run ends, and how to finish them.</summary>
    public Task SayAtEndAsync(CancellationToken cancellationToken) =>
        SayAsync($"is not finished. '{Shell.Command(settings, "serve")}' continues it.", cancellationToken);

    private async Task SayAsync(string what, CancellationToken cancellationToken)
    {
        // A storage account holds the lists of everybody.
        if (settings.WorkStore.IsShared)
            return;
        var reporter = services.GetRequiredService<StatusReporter>();
        var others = (await reporter.GetOpenListsAsync(cancellationToken)).OpenLists.Except(own).ToList();
        foreach (var id in others.Take(MaxNamed))
            if (await reporter.GetListAsync(id, cancellationToken) is { } list)
                console.WriteWhole($"List {list.Source ?? id} ({id}, {Done(list)}) {what}");
        if (others.Count > MaxNamed)
            console.WriteWhole(
                $"{Amount.Of(others.Count - MaxNamed, "more list is", "more lists are")} open too. "
                    + $"'{Shell.Command(settings, "status")}' shows them.");
    }

    private static string Done(ListReport list) =>
        $"{list.Records + list.Failures:N0} of {Amount.Of(list.Inputs, "input")} done";
}

using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Cli.Inputs;
using Pipeline.Cli.Run;
using Pipeline.Cli.Settings;
using Pipeline.Cli.Stores;
using Pipeline.Model;
using Pipeline.Steering;

namespace Pipeline.Cli.Steering;

/// <summary><c>pipeline pause</c>, <c>resume</c> and <c>cancel</c>: say what is to become of open lists.</summary>
internal static class SteerCommand
{
    public static Command Pause() => Create(
        "pause", "Post nothing new of lists until they are resumed. What was posted is collected.",
        (controls, id, stop) => controls.PauseAsync(id, Operator.Name, stop),
        (list, settings) =>
            $"List {list.ListId} is paused. Go on with: {Shell.Command(settings, $"resume {list.ListId}")}");

    public static Command Resume() => Create(
        "resume", "Let paused lists go on.",
        (controls, id, stop) => controls.ResumeAsync(id, Operator.Name, stop),
        (list, _) => $"List {list.ListId} goes on.");

    public static Command Cancel() => Create(
        "cancel",
        "End lists: what is planned ends as 'cancelled', what was posted is still collected, then they close.",
        (controls, id, stop) => controls.CancelAsync(id, Operator.Name, stop),
        (list, settings) => list.State == ListState.Closed
            ? $"List {list.ListId} is cancelled and closed."
            : $"List {list.ListId} is being cancelled. A running 'pipeline serve', 'run' or Functions app ends what is "
                + $"planned. See: {Shell.Command(settings, $"status {list.ListId}")}");

    private static Command Create(
        string name, string description, Func<ListControls, string, CancellationToken, Task<ListEntry>> steer,
        Func<ListEntry, RunSettings, string> describe)
    {
        var ids = new Argument<string[]>("LIST_ID")
        {
            Description = "Ids of lists.",
            Arity = ArgumentArity.OneOrMore,
        }.RefusingOptions();
        var command = new Command(name, description) { ids };
        foreach (var option in RunOptions.ForState)
            command.Add(option);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var settings = SettingsReader.Read(parsed);
            settings.WorkStore.RequireExisting();
            await using var stores = await StoreAccess.OpenAsync(settings, cancellationToken);
            var controls = stores.Services.GetRequiredService<ListControls>();
            foreach (var id in parsed.GetValue(ids)!)
            {
                await ListArguments.RequireAsync(stores.Services, settings, id, cancellationToken);
                await Console.Out.WriteLineAsync(describe(await steer(controls, id, cancellationToken), settings));
            }

            return ExitCodes.Complete;
        });
        return command;
    }
}

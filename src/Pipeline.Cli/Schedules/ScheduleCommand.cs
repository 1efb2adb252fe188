using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Cli.Lists;
using Pipeline.Cli.Serving;
using Pipeline.Cli.Settings;
using Pipeline.Cli.Stores;
using Pipeline.Model.Schedules;
using Pipeline.Ports.Ledgers;
using Pipeline.Steering;

namespace Pipeline.Cli.Schedules;

/// <summary><c>pipeline schedule</c>: lists that are submitted again and again.</summary>
internal static class ScheduleCommand
{
    private static readonly Argument<string> Name = new("NAME")
    {
        Description = "Name of the schedule; the ids of its lists begin with it.",
    };

    private static readonly Argument<string[]> Lists = ListArgument.Create(
        "A file of URLs, '-' for standard input, or URLs. The schedule keeps a copy.", ArgumentArity.OneOrMore);

    private static readonly Option<string> Cron = new("--cron")
    {
        Description = "Minute, hour, day of month, month and day of week, such as \"0 6 * * *\".", HelpName = "CRON",
        Required = true,
    };

    private static readonly Option<string> TimeZone = new("--time-zone")
    {
        Description = "Time zone of --cron, such as Europe/Berlin. Default: UTC.", HelpName = "ZONE",
        DefaultValueFactory = _ => "UTC",
    };

    private static readonly Option<bool> Overlap = new("--overlap")
    {
        Description = "Submit a list even while the one before is open. Default: leave that run out.",
    };

    public static Command Create()
    {
        var command = new Command(
            "schedule", "Submit lists at fixed times: a running 'pipeline serve' or Functions app does it.")
        {
            Add(),
            Of(
                "list", "List the schedules with their next and last runs.",
                (_, services, token) => ListAsync(services, token)),
            Named("run", "Submit a schedule's list now.", RunAsync),
            Named("pause", "Submit nothing until the schedule is resumed.", (s, n, t) => PauseAsync(s, n, true, t)),
            Named("resume", "Go on with a paused schedule; what was missed is not made up for.",
                (s, n, t) => PauseAsync(s, n, false, t)),
            Named("remove", "Remove a schedule. Its lists stay.", RemoveAsync),
        };
        return command;
    }

    private static Command Add()
    {
        var command = new Command("add", "Add a schedule, or replace the one of that name.")
        {
            Name, Lists, Cron, TimeZone, Overlap, SeriesSettings.Series, SeriesSettings.OnlyNew, SeriesSettings.MaxAge,
            RunOptions.Shared, RunOptions.UrlColumn, RunOptions.Out, RunOptions.State,
        };
        command.SetAction((parsed, token) => AddAsync(
            SettingsReader.Read(parsed) with { Lists = parsed.GetValue(Lists)! },
            new()
            {
                Name = parsed.GetValue(Name)!, Cron = parsed.GetValue(Cron)!, TimeZone = parsed.GetValue(TimeZone)!,
                Overlap = parsed.GetValue(Overlap) ? ScheduleOverlap.Allow : ScheduleOverlap.Skip,
                Source = "", ListName = "",
            },
            token));
        return command;
    }

    private static Command Named(
        string name, string description, Func<IServiceProvider, string, CancellationToken, Task> act)
    {
        var schedule = new Argument<string>("NAME") { Description = "Name of the schedule." };
        var command = Of(
            name, description, (parsed, services, token) => act(services, parsed.GetValue(schedule)!, token));
        command.Add(schedule);
        return command;
    }

    private static Command Of(
        string name, string description, Func<ParseResult, IServiceProvider, CancellationToken, Task> act)
    {
        var command = new Command(name, description);
        foreach (var option in RunOptions.ForState)
            command.Add(option);
        command.SetAction(async (parsed, token) =>
        {
            var settings = SettingsReader.Read(parsed);
            settings.WorkStore.RequireExisting();
            await using var stores = await StoreAccess.OpenAsync(settings, token);
            await act(parsed, stores.Services, token);
            return ExitCodes.Complete;
        });
        return command;
    }

    private static async Task<int> AddAsync(
        RunSettings settings, ScheduleEntry schedule, CancellationToken cancellationToken)
    {
        await using var lists = new ListFiles(settings, Terminal.On(Console.Error));
        await lists.InspectAsync(cancellationToken);
        settings.WorkStore.PrepareToSubmit();
        await using var stores = await StoreAccess.OpenAsync(settings, cancellationToken);
        var added = await stores.Services.GetRequiredService<ScheduleControls>().AddAsync(
            schedule, lists.TheOnly(), settings.WorkStore.ScheduleFolder, Operator.Name, cancellationToken);
        await Console.Out.WriteLineAsync($"{added.Name}  next run {ScheduleTable.TimeOf(added.NextAt)}");
        if (RunningHost.DescribeAbsence(settings) is { } absence)
            await Console.Error.WriteProseAsync(absence);
        return ExitCodes.Complete;
    }

    private static async Task ListAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        var schedules = await services.GetRequiredService<IScheduleLedger>().GetSchedulesAsync(cancellationToken);
        if (schedules.Count == 0)
            await Console.Error.WriteLineAsync(
                "There is no schedule. Add one: pipeline schedule add daily list.txt --cron \"0 6 * * *\"");
        foreach (var line in ScheduleTable.Of(schedules.Select(schedule => schedule.Entry)))
            await Console.Out.WriteLineAsync(line);
    }

    private static async Task RunAsync(IServiceProvider services, string name, CancellationToken cancellationToken)
    {
        await Console.Out.WriteLineAsync(
            await services.GetRequiredService<ScheduleControls>().RunAsync(name, Operator.Name, cancellationToken));
    }

    private static async Task PauseAsync(
        IServiceProvider services, string name, bool isPaused, CancellationToken cancellationToken)
    {
        var changed = await services.GetRequiredService<ScheduleControls>()
            .PauseAsync(name, isPaused, Operator.Name, cancellationToken);
        await Console.Out.WriteLineAsync(
            isPaused ? $"{name}  paused" : $"{name}  next run {ScheduleTable.TimeOf(changed.NextAt)}");
    }

    private static async Task RemoveAsync(IServiceProvider services, string name, CancellationToken cancellationToken)
    {
        await services.GetRequiredService<ScheduleControls>().RemoveAsync(name, Operator.Name, cancellationToken);
        await Console.Out.WriteLineAsync($"{name}  removed");
    }
}

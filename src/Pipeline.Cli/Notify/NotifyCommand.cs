using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Cli.Settings;
using Pipeline.Cli.Stores;
using Pipeline.Model;
using Pipeline.Notify;

namespace Pipeline.Cli.Notify;

/// <summary><c>pipeline notify</c>: sends the notifications again that their receiver did not take for a day.</summary>
internal static class NotifyCommand
{
    public static Command Create()
    {
        var command = new Command(
            "notify",
            "Send the notifications again that their receiver did not take for a day, in the storage account that "
                + "AzureWebJobsStorage names, else in --state.");
        foreach (var option in RunOptions.ForState)
            command.Add(option);
        command.SetAction(
            (parsed, cancellationToken) =>
                SendAgainAsync(SettingsReader.Read(parsed), Console.Out, cancellationToken));
        return command;
    }

    private static async Task<int> SendAgainAsync(
        RunSettings settings, TextWriter output, CancellationToken cancellationToken)
    {
        settings.WorkStore.RequireExisting();
        await using var stores = await StoreAccess.OpenAsync(settings, cancellationToken);
        if (stores.Services.GetRequiredService<Receiver>().Name is null)
            throw PipelineException.Permanent(
                FailureReasons.InvalidConfiguration,
                "Pipeline__Notify__Url is not set. Set it, and Pipeline__Notify__Secret, to those of the receiver.");
        var notifications = stores.Services.GetRequiredService<UndeliveredNotifications>();
        var (sent, failed) = (0, 0);
        await foreach (var (message, error) in notifications.SendAgainAsync(cancellationToken))
        {
            await output.WriteLineAsync($"{message.Id}  {error ?? "delivered"}");
            (sent, failed) = error is null ? (sent + 1, failed) : (sent, failed + 1);
        }

        var report = await notifications.ReadAsync(cancellationToken);
        await Console.Error.WriteLineAsync(
            $"{Amount.Of(sent, "notification was", "notifications were")} delivered, {failed} failed. "
                + $"{Amount.Of(report.Waiting, "other is", "others are")} still being tried.");
        return failed == 0 ? ExitCodes.Complete : ExitCodes.Error;
    }
}

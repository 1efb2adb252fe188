using System.CommandLine;
using System.Security.Cryptography;
using Pipeline.Cli.Run;
using Pipeline.Cli.Serving;
using Pipeline.Emulator.Faults;
using Pipeline.Intake.Reading;
using Pipeline.Model;
using Pipeline.Notation;
using Pipeline.Options;
using Pipeline.Settings;

namespace Pipeline.Cli.Settings;

/// <summary>
/// Reads the options and settings of a command: first its options, then the environment, then the defaults. Reports all
/// faults at once.
/// </summary>
internal static class SettingsReader
{
    /// <summary>Reads and checks everything.</summary>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">A line for each fault.</exception>
    public static RunSettings Read(ParseResult parsed)
    {
        var faults = new List<string>();
        var settings = Read(parsed, faults);
        HostSettings.ThrowIfAny(faults);
        return settings;
    }

    /// <summary>Reads and checks everything, and collects all faults.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="faults">Gets a line for each fault.</param>
    public static RunSettings Read(ParseResult parsed, ICollection<string> faults)
    {
        var given = SettingOptions.Read(parsed);
        var host = HostSettings.Read(
            given, read: null, options => Complete(options, NeedsKey(parsed)), faults);
        var folder = Folder(parsed, RunOptions.Out, RunOptions.OutOfRun, faults);
        var state = Folder(parsed, RunOptions.State, RunOptions.StateOfRun, faults);
        var settings = new RunSettings
        {
            Out = Path.GetFullPath(folder ?? RunOptions.DefaultOut),
            IsOutNamed = folder is not null || state is null,
            State = Path.GetFullPath(state ?? Path.Combine(folder ?? RunOptions.DefaultOut, ".pipeline")),
            StateArguments = StateArguments(parsed),
            Given = given,
            Stores = host.Stores,
            Azure = host.Azure,
            Listen = ListenAddress.Read(parsed.GetValue(RunOptions.Listen), faults),
            SharedInputs = ReadShared(parsed.GetValue(RunOptions.Shared) ?? [], faults),
            UrlColumn = parsed.GetValue(RunOptions.UrlColumn),
            Faults = parsed.GetValue(RunOptions.Faults),
            Json = parsed.GetValue(RunOptions.Json),
            Quiet = parsed.GetValue(RunOptions.Quiet),
            Verbose = parsed.GetValue(RunOptions.Verbose),
        };
        CheckFaults(settings, faults);
        return SeriesSettings.Add(settings, parsed, faults);
    }

    /// <summary>The options that make another command use the same state, with a blank before each.</summary>
    public static string StateArguments(ParseResult parsed) =>
        Argument(RunOptions.Out, parsed.GetValue(RunOptions.Out) ?? parsed.GetValue(RunOptions.OutOfRun))
        + Argument(RunOptions.State, parsed.GetValue(RunOptions.State) ?? parsed.GetValue(RunOptions.StateOfRun));

    /// <summary>The options that make <c>pipeline doctor</c> ask the same services, with a blank before each.</summary>
    public static string ServiceArguments(ParseResult parsed) => string.Concat(
        new[] { RunOptions.Api, RunOptions.StorageUrl, RunOptions.CallbackBase }
            .Select(option => Argument(option, parsed.GetValue(option))));

    /// <summary>Returns a line for each fault of the environment, for a command line that cannot be parsed.</summary>
    public static IReadOnlyList<string> FaultsOfEnvironment()
    {
        var faults = new List<string>();
        HostSettings.Read(
            SettingOptions.Environment(), read: null,
            options => Complete(options, needsKey: false), faults);
        return faults;
    }

    /// <summary>Adds what a host on this machine provides: any key for emulators, and its own callback key.</summary>
    private static void Complete(PipelineOptions options, bool needsKey)
    {
        var isRemote = options.Given.Find(SettingsCatalog.ApiPath) is not null && !options.Nimble.BaseUrl.IsLoopback;
        if (options.Nimble.ApiKey.Length == 0 && !(needsKey && isRemote))
            options.Nimble.ApiKey = "local";
        if (options.Delivery.CallbackKeys.Count == 0)
            options.Delivery.CallbackKeys.Add(Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
    }

    private static bool NeedsKey(ParseResult parsed) => parsed.CommandResult.Command.Options.Contains(RunOptions.Api);

    private static string? Folder(
        ParseResult parsed, Option<string?> option, Option<string?> ofRun, ICollection<string> faults)
    {
        if ((parsed.GetValue(option) ?? parsed.GetValue(ofRun)) is not { } folder)
            return null;
        if (!string.IsNullOrWhiteSpace(folder))
            return folder;
        faults.Add($"{option.Name} is {DisplayText.Quote(folder)}. Write the path of a folder.");
        return null;
    }

    private static void CheckFaults(RunSettings settings, ICollection<string> faults)
    {
        if (settings.Faults is null)
            return;
        if (!settings.IsEmbedded)
            faults.Add($"{RunOptions.Faults.Name} is for the built-in emulator. Leave it out, or leave out "
                + $"{RunOptions.Api.Name} and {GivenSettings.KeyVariable}.");
        try
        {
            FaultSet.Parse(settings.Faults);
        }
        catch (FormatException problem)
        {
            faults.Add($"{RunOptions.Faults.Name}: {problem.Message}");
        }
    }

    private static string? ReadShared(IReadOnlyList<string> pairs, ICollection<string> faults)
    {
        try
        {
            return pairs.Count == 0 ? null : SharedInputs.FromPairs(pairs);
        }
        catch (PipelineException problem)
        {
            faults.Add($"{RunOptions.Shared.Name}: {problem.Message}");
            return null;
        }
    }

    private static string Argument(Option option, string? value) =>
        string.IsNullOrWhiteSpace(value) ? "" : $" {option.Name} {Shell.Quote(value)}";
}

using System.CommandLine;
using Pipeline.Cli.Settings;

namespace Pipeline.Cli.Init;

/// <summary><c>pipeline init</c>: asks for the settings, checks them, and writes them into the settings file.</summary>
internal static class InitCommand
{
    /// <summary>The command's name.</summary>
    public const string Name = "init";

    private static readonly Option<string?> KeyFile = new("--api-key-file")
    {
        Description = "File that holds the API key, or '-' for standard input. Default: NIMBLE_API_KEY.",
        HelpName = "FILE",
    };

    private static readonly Option<string?> FileName = new("--file")
    {
        Description = $"Settings file. Default: what {SettingsFile.Variable} names, else the file of this user.",
        HelpName = "FILE",
    };

    private static readonly Option<bool> Force = new("--force")
    {
        Description = "Replace the settings file if it exists, without asking.",
    };

    private static readonly Option<bool> NoCheck = new("--no-check")
    {
        Description = "Write the settings without asking API, bucket and callback address.",
    };

    public static Command Create()
    {
        var command = new Command(
            Name,
            "Ask for the settings, check them as 'pipeline doctor' does, and write them into the settings file that "
                + "all commands read. Without a terminal, give them as options.")
        {
            KeyFile, RunOptions.Api, RunOptions.StorageUrl, RunOptions.Compress, RunOptions.CallbackBase,
            RunOptions.Price, FileName, Force, NoCheck,
        };
        command.SetAction((parsed, cancellationToken) => new InitJob(
            new(parsed.GetValue(KeyFile), parsed.GetValue(FileName), parsed.GetValue(Force), parsed.GetValue(NoCheck)),
            Given(parsed)).RunAsync(cancellationToken));
        return command;
    }

    /// <summary>The settings that were given as options.</summary>
    private static Dictionary<string, string> Given(ParseResult parsed)
    {
        var given = new Dictionary<string, string>(StringComparer.Ordinal);
        Add(InitVariables.Api, parsed.GetValue(RunOptions.Api));
        Add(InitVariables.StorageUrl, parsed.GetValue(RunOptions.StorageUrl));
        Add(InitVariables.Compress, parsed.GetValue(RunOptions.Compress) ? "true" : null);
        Add(InitVariables.CallbackBase, parsed.GetValue(RunOptions.CallbackBase));
        Add(InitVariables.Price, parsed.GetValue(RunOptions.Price));
        return given;

        void Add(string name, string? value)
        {
            if (value is { Length: > 0 })
                given[name] = value;
        }
    }
}

/// <summary>What <c>pipeline init</c> was asked for.</summary>
/// <param name="KeyFile">The file of the key; <c>-</c> for standard input; null for none.</param>
/// <param name="FileName">The settings file; null for the usual one.</param>
/// <param name="Force">Whether to replace it without asking.</param>
/// <param name="NoCheck">Whether to write it unchecked.</param>
internal sealed record InitRequest(string? KeyFile, string? FileName, bool Force, bool NoCheck);

/// <summary>The variables that <c>pipeline init</c> asks for.</summary>
internal static class InitVariables
{
    public const string Key = "NIMBLE_API_KEY";
    public const string Api = "Pipeline__Nimble__BaseUrl";
    public const string StorageUrl = "Pipeline__Delivery__StorageUrl";
    public const string Compress = "Pipeline__Delivery__Compress";
    public const string CallbackBase = "Pipeline__Delivery__CallbackBase";
    public const string Price = "Pipeline__Nimble__PricePerUrl";
    public const string AwsRegion = "AWS_REGION";
    public const string AwsKeyId = "AWS_ACCESS_KEY_ID";
    public const string AwsSecret = "AWS_SECRET_ACCESS_KEY";
    public const string GoogleFile = "GOOGLE_APPLICATION_CREDENTIALS";
}

using System.CommandLine;

namespace Pipeline.Cli.Completion;

/// <summary><c>pipeline completion</c>: prints the script that completes commands and options in a shell.</summary>
internal static class CompletionCommand
{
    /// <summary>The command's name.</summary>
    public const string Name = "completion";

    private static readonly string[] Shells = ["bash", "zsh", "fish", "pwsh"];

    public static Command Create()
    {
        var shell = new Argument<string>("SHELL") { Description = "bash, zsh, fish or pwsh." }.RefusingOptions();
        shell.CompletionSources.Add(Shells);
        shell.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var given }] && !Shells.Contains(given))
                result.AddError($"There is no script for '{given}'. Write bash, zsh, fish or pwsh.");
        });
        var command = new Command(Name, "Print the script that completes commands and options in a shell.")
        {
            shell,
        };
        command.SetAction(async (parsed, _) =>
        {
            await Console.Out.WriteAsync(await ReadAsync(parsed.GetValue(shell)!));
            return ExitCodes.Complete;
        });
        return command;
    }

    private static async Task<string> ReadAsync(string shell)
    {
        await using var script = typeof(CompletionCommand).Assembly.GetManifestResourceStream($"pipeline.{shell}")!;
        using var reader = new StreamReader(script);
        return await reader.ReadToEndAsync();
    }
}

using Pipeline.Cli;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Cli.Completion;

/// <summary><c>pipeline completion</c>, in a real bash.</summary>
public sealed class CompletionTests : IDisposable
{
    private readonly TempFolder _folder = new();

    // A command line, and what bash offers for it. For an unknown word, bash completes file names.
    private static readonly (string Line, string Offered)[] Typed =
    [
        ("pipeline sta", "status"),
        ("pipeline run --dry", "--dry-run"),
        ("pipeline schedule re", "remove resume"),
        ("pipeline failures --reason task_", "task_expired task_failed"),
        ("pipeline completion f", "fish"),
        ("pipeline run urls", ""),
        ("pipeline run '$(touch x)' `touch y` --qui", "--quiet"),
    ];

    [Fact]
    public async Task BashCompletesCommandsOptionsAndValues()
    {
        var script = $$"""
            cd '{{_folder.Path}}'
            pipeline() { $pipeline "$@"; }
            eval "$(pipeline completion bash)"
            complete -p pipeline
            type_line() {
              COMP_LINE="$1" COMP_POINT=${#1} COMP_WORDS=("${@:2}") COMP_CWORD=$(($# - 2))
              _pipeline
              echo $(printf '%s\n' "${COMPREPLY[@]}" | sort)
            }
            {{string.Join('\n', Typed.Select(typed => $"type_line {Quote(typed.Line)} {Words(typed.Line)}"))}}
            """;

        using var bash = CliProcess.StartShell(script);
        var (exitCode, output, error) = await bash.WaitAsync();

        Assert.Equal((0, ""), (exitCode, error));
        Assert.Equal(
            ["complete -o bashdefault -o default -F _pipeline pipeline", .. Typed.Select(typed => typed.Offered)],
            output.TrimEnd('\n').Split('\n'));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Theory]
    [InlineData("zsh", "compdef _pipeline pipeline")]
    [InlineData("fish", "complete --command pipeline")]
    [InlineData("pwsh", "Register-ArgumentCompleter -Native -CommandName pipeline")]
    public async Task OtherShellsHaveAScriptToo(string shell, string line)
    {
        var (exitCode, output, error) = await CliProcess.RunAsync(["completion", shell]);

        Assert.Equal((0, ""), (exitCode, error));
        Assert.Contains(line, output, StringComparison.Ordinal);
        Assert.Contains("[suggest:", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnotherShellIsRefusedInOneSentence()
    {
        var (exitCode, output, error) = await CliProcess.RunAsync(["completion", "cmd"]);

        Assert.Equal((ExitCodes.Usage, ""), (exitCode, output));
        Assert.StartsWith(
            "pipeline: There is no script for 'cmd'. Write bash, zsh, fish or pwsh.\n", error,
            StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static string Words(string line) => string.Join(' ', line.Split(' ').Select(Quote));

    private static string Quote(string word) => $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}

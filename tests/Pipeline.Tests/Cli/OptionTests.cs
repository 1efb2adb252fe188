using System.CommandLine;
using Pipeline.Cli;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Cli;

/// <summary>How mistyped command lines are answered.</summary>
public sealed class OptionTests
{
    [Theory]
    [InlineData("run --canarry 5", "There is no option '--canarry'. Did you mean --canary?")]
    [InlineData("run --max-url=5 urls.txt", "There is no option '--max-url'. Did you mean --max-urls?")]
    [InlineData("run -out results", "There is no option '-out'. Did you mean --out?")]
    [InlineData("run -- --canarry", "There is no option '--canarry'. Did you mean --canary?")]
    [InlineData("submit urls.txt --strikt", "There is no option '--strikt'. Did you mean --strict?")]
    [InlineData("serve --canarry 5", "There is no option '--canarry'. Did you mean --canary?")]
    [InlineData("status --jason", "There is no option '--jason'. Did you mean --json?")]
    [InlineData("failures --resaon task_failed", "There is no option '--resaon'. Did you mean --reason?")]
    [InlineData("replay --resubmitt", "There is no option '--resubmitt'. Did you mean --resubmit?")]
    [InlineData("doctor --storge-url x", "There is no option '--storge-url'. Did you mean --storage-url?")]
    [InlineData(
        "run --something-else",
        "There is no option '--something-else'. For a file of that name, write ./--something-else.")]
    [InlineData("rnu", "There is no command 'rnu'. Did you mean run?")]
    [InlineData("run --max-urls abc", "--max-urls is 'abc'. Write a whole number from 1 up, such as 1000.")]
    [InlineData("run --canary -1", "--canary is '-1'. Write a whole number from 0 to 1,000, such as 20.")]
    [InlineData("run --canary 5000", "--canary is '5000'. Write a whole number from 0 to 1,000, such as 20.")]
    [InlineData("run --shared country=US --shared Country=DE",
        "--shared: 'country' is given twice, as 'country=US' and 'Country=DE'. Remove one of them.")]
    [InlineData("run --shared url=",
        "--shared: 'url=' has no value. Write name=value, for example country=US, or leave it out.")]
    [InlineData("run --content ref", "--content is 'ref'. Write inline or reference.")]
    [InlineData("run --fail-status 4xx,6xx",
        "--fail-status is '4xx,6xx'. Write statuses or classes of them with commas between, such as 4xx,503.")]
    [InlineData("run --refuse-domain http://a.example",
        "--refuse-domain is 'http://a.example'. Write a domain such as example.com, without "
            + "scheme, port, path and '*.'.")]
    [InlineData(
        "run --storage-url 's3://b/", "--storage-url is ''s3://b/'. Write s3://bucket/prefix/ or gs://bucket/prefix/.")]
    [InlineData("run --api http://127.0.0.1:1/ --faults post_429=1",
        "--faults is for the built-in emulator. Leave it out, or leave out --api and NIMBLE_API_KEY.")]
    [InlineData("run --listen https://127.0.0.1:1", ListenFault + "'https://127.0.0.1:1'" + ListenAdvice)]
    [InlineData("run --listen http://127.0.0.1:1/path", ListenFault + "'http://127.0.0.1:1/path'" + ListenAdvice)]
    [InlineData("serve --listen [::1]:80", ListenFault + "'[::1]:80'" + ListenAdvice)]
    public async Task AMistypedCommandLineGetsOneLineThatSaysWhatToWrite(string line, string answer)
    {
        var (exitCode, output, error) = await CliProcess.RunAsync(line.Split(' '));
        Assert.Equal((ExitCodes.Usage, ""), (exitCode, output));
        Assert.Equal($"pipeline: {answer}", error.Split('\n')[0]);
        Assert.Single(error.Split('\n'), text => text.StartsWith("pipeline: ", StringComparison.Ordinal));
        Assert.DoesNotContain("System.", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("schedule", "'pipeline schedule' needs one of the commands add, list, run, pause, resume, remove.",
        "'pipeline schedule --help' lists its commands.")]
    [InlineData("submit", "'pipeline submit' needs LIST after it.",
        "'pipeline submit --help' shows its arguments and options.")]
    [InlineData("schedule remove", "'pipeline schedule remove' needs NAME after it.",
        "'pipeline schedule remove --help' shows its arguments and options.")]
    [InlineData("backup surplus --to x", "'pipeline backup' has no use for 'surplus'. Leave it out.",
        "'pipeline backup --help' shows its arguments and options.")]
    [InlineData("doctor --out x", "'pipeline doctor' has no option '--out'.",
        "'pipeline doctor --help' shows its arguments and options.")]
    [InlineData("frobnicate", "There is no command 'frobnicate'.", "'pipeline --help' lists the commands.")]
    public void AnIncompleteCommandLineNamesWhatIsMissingAndTheHelpThatFits(string line, string error, string help)
    {
        var parsed = CommandLine.CreateRoot().Parse(line.Split(' '));
        Assert.Equal([error], UsageErrors.Describe(parsed));
        Assert.Equal(help, UsageErrors.Help(parsed));
    }

    [Theory]
    [InlineData(null, 80)]
    [InlineData(140, 80)]
    [InlineData(60, 60)]
    [InlineData(20, 50)]
    public void HelpIsNoWiderThanTheTerminal(int? terminal, int width) =>
        Assert.Equal(width, HelpScreen.WidthFor(terminal));

    [Fact]
    public async Task MistypedOptionsAndErrorsInTheEnvironmentAreReportedTogether()
    {
        var (exitCode, _, error) = await CliProcess.RunAsync(
            ["run", "--canarry", "5"], ("Pipeline__Collect__MaxDepth", "abc"));
        Assert.Equal(ExitCodes.Usage, exitCode);
        Assert.StartsWith(
            "pipeline: There is no option '--canarry'. Did you mean --canary?\n"
                + "pipeline: Pipeline__Collect__MaxDepth is 'abc'. Write a whole number from 1 "
                + "to 1,000, such as 256.\n",
            error, StringComparison.Ordinal);
    }

    public static TheoryData<string> Commands => [.. All(CommandLine.CreateRoot(), "")];

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task HelpFitsEightyColumnsAndEndsWithTwoExamples(string command)
    {
        var output = new StringWriter();
        var exitCode = await CommandLine.CreateRoot()
            .Parse([.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"])
            .InvokeAsync(
                new() { Output = output, EnableDefaultExceptionHandler = false },
                TestContext.Current.CancellationToken);
        var text = output.ToString();
        Assert.Equal(0, exitCode);
        Assert.DoesNotContain(text.Split('\n'), line => line.Length > 80);
        var examples = text[text.IndexOf("Examples:", StringComparison.Ordinal)..].Split('\n');
        Assert.InRange(
            examples.Count(line => line.StartsWith("  ", StringComparison.Ordinal)
                && line.Contains($"pipeline {command}".TrimEnd(), StringComparison.Ordinal)),
            2, 3);
    }

    [Fact]
    public async Task HelpOfTheEmulatorIsItsOwn()
    {
        var (exitCode, output, error) = await CliProcess.RunAsync(["emulator", "--help"]);
        Assert.Equal((0, ""), (exitCode, error));
        Assert.Contains("pipeline emulator --port 0", output, StringComparison.Ordinal);
    }

    private static IEnumerable<string> All(Command command, string path) =>
        [path, .. command.Subcommands.SelectMany(below => All(below, $"{path} {below.Name}".Trim()))];

    private const string ListenFault = "--listen is ";
    private const string ListenAdvice = ". Write an http address without a path, such as http://127.0.0.1:8080. "
        + "For TLS, put a proxy in front and give its address as --callback-base.";
}

using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Pipeline.Cli;

/// <summary>
/// The help of all commands, with examples at the end: at most 80 columns wide, and no wider than the terminal.
/// </summary>
internal static class HelpScreen
{
    private const int Columns = 80;

    // Below this, the columns of names leave no room for the sentences.
    private const int Narrowest = 50;

    private static readonly Dictionary<string, string[]> Examples = new()
    {
        ["pipeline"] = ["pipeline run", "pipeline run urls.txt --out results"],
        ["run"] =
        [
            "pipeline run urls.txt --out results",
            "pipeline run urls.csv --storage-url s3://my-bucket/results/ --shared country=US",
            "pipeline run urls.txt --dry-run --price 0.0012",
        ],
        ["serve"] =
        [
            "pipeline serve --out results",
            "pipeline serve --listen http://0.0.0.0:8080 --callback-base https://hooks.example.com",
        ],
        ["submit"] =
        [
            "pipeline submit urls.csv --shared country=US",
            "grep -h http *.log | pipeline submit - --out results",
        ],
        ["status"] = ["pipeline status --out results --watch", "pipeline status --all --json"],
        ["failures"] = 
        [
            "pipeline failures --out results", "pipeline failures --details --reason task_failed",
            "pipeline failures LIST_ID --json",
        ],
        ["pending"] = ["pipeline pending LIST_ID --out results", "pipeline pending LIST_ID --json"],
        ["records"] = ["pipeline records LIST_ID --out results", "pipeline records LIST_ID --follow | jq .url"],
        ["explain"] =
        [
            "pipeline explain https://www.example.com/ --out results",
            "pipeline explain TASK_ID --list LIST_ID --json",
        ],
        ["pause"] = ["pipeline pause LIST_ID", "pipeline pause LIST_ID --out results"],
        ["resume"] = ["pipeline resume LIST_ID", "pipeline resume LIST_ID --out results"],
        ["cancel"] = ["pipeline cancel LIST_ID", "pipeline cancel LIST_ID --out results"],
        ["backup"] =
        [
            "pipeline backup --to state.backup --out results",
            "pipeline backup --to s3://my-bucket/state.backup",
        ],
        ["restore"] =
        [
            "pipeline restore --from state.backup --out results --replace",
            "pipeline restore --from azblob://backups/ledger.backup",
            "pipeline restore --lost --out results",
        ],
        ["erase"] = ["pipeline erase LIST_ID --out results", "pipeline erase LIST_ID --objects --yes"],
        ["replay"] = ["pipeline replay --out results", "pipeline replay LIST_ID --reason task_failed --resubmit"],
        ["notify"] = ["pipeline notify", "pipeline notify --out results"],
        ["doctor"] = ["pipeline doctor --notify", "pipeline doctor --storage-url s3://my-bucket/results/"],
        ["init"] =
        [
            "pipeline init",
            "pipeline init --api-key-file key.txt --storage-url s3://my-bucket/results/ --force",
        ],
        ["completion"] =
        [
            "pipeline completion bash > ~/.local/share/bash-completion/completions/pipeline",
            "pipeline completion fish > ~/.config/fish/completions/pipeline.fish",
        ],
        ["export"] =
        [
            "pipeline export --out results.parquet",
            "pipeline export results --out results.csv --columns url,http_status,parsed",
            "pipeline export results --format parquet --partition date,list --out lake",
        ],
        ["diff"] = ["pipeline diff last-week results", "pipeline diff --series shops --out results --json"],
        ["reprocess"] = ["pipeline reprocess LIST_ID --out results", "pipeline reprocess LIST_ID --content reference"],
        ["verify"] = ["pipeline verify results", "pipeline verify LIST_ID --json"],
        ["schedule"] =
        [
            "pipeline schedule add daily urls.txt --cron \"0 6 * * *\" --series shops",
            "pipeline schedule list --out results",
        ],
        ["schedule add"] =
        [
            "pipeline schedule add daily urls.txt --cron \"0 6 * * *\" --time-zone Europe/Berlin",
            "pipeline schedule add hourly https://www.example.com/ --cron @hourly --series shops --only-new",
        ],
        ["schedule list"] = ["pipeline schedule list", "pipeline schedule list --out results"],
        ["schedule run"] = ["pipeline schedule run daily", "pipeline schedule run daily --out results"],
        ["schedule pause"] = ["pipeline schedule pause daily", "pipeline schedule pause daily --out results"],
        ["schedule resume"] = ["pipeline schedule resume daily", "pipeline schedule resume daily --out results"],
        ["schedule remove"] = ["pipeline schedule remove daily", "pipeline schedule remove daily --out results"],
        ["doctor trust"] =
        [
            "pipeline doctor trust --storage-url s3://my-bucket/results/ --tenant ID "
                + "--principal ID --audience api://ID",
            "pipeline doctor trust --storage-url gs://my-bucket/results/ --project my-project "
                + "--tenant ID --principal ID "
                + "--audience api://ID",
        ],
        ["emulator"] =
        [
            "pipeline emulator --data emulator-data",
            "pipeline emulator --port 0 --exit-with-stdin --faults post_429=2",
        ],
    };

    /// <summary>Replaces the help of every command.</summary>
    public static void Use(RootCommand root)
    {
        var option = root.Options.OfType<HelpOption>().Single();
        // They begin like the path of a file, and a shell would complete them.
        option.Aliases.Remove("/h");
        option.Aliases.Remove("/?");
        option.Action = new Screen((HelpAction)option.Action!);
    }

    /// <summary>The names of a command and of those above it, without the program's own.</summary>
    public static string PathOf(Command command) => command switch
    {
        RootCommand => "pipeline",
        _ when command.Parents.OfType<Command>().FirstOrDefault() is { } above and not RootCommand =>
            $"{PathOf(above)} {command.Name}",
        _ => command.Name,
    };

    /// <summary>The width of the help on an output.</summary>
    internal static int WidthFor(int? terminal) => Math.Clamp(terminal ?? Columns, Narrowest, Columns);

    private sealed class Screen(HelpAction inner) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            var output = parseResult.InvocationConfiguration.Output;
            inner.MaxWidth = WidthFor(Prose.WidthOf(output));
            var code = inner.Invoke(parseResult);
            var command = parseResult.CommandResult.Command;
            output.WriteLine("Examples:");
            foreach (var example in Examples[PathOf(command)])
                output.WriteLine($"  {Wrap(example)}");
            return code;
        }

        /// <summary>Breaks a long example after a backslash, so that it can still be pasted into a shell.</summary>
        private static string Wrap(string example)
        {
            var width = 0;
            return string.Concat(example.Split(' ').Select((word, i) =>
            {
                var breaks = width + word.Length + 1 > Columns - 8 && i > 0;
                width = breaks ? word.Length + 4 : width + word.Length + 1;
                return breaks ? $" \\\n      {word}" : i == 0 ? word : $" {word}";
            }));
        }
    }
}

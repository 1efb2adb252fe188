using System.CommandLine;
using Pipeline.Emulator;

namespace Pipeline.Cli;

/// <summary><c>pipeline emulator</c>: Nimble's async and batch API on this machine.</summary>
internal static class EmulatorCommand
{
    private static readonly Option<Uri> Urls = new("--urls") { Description = "Where to listen; port 0 takes a free one.", HelpName = "URL", DefaultValueFactory = _ => new("http://127.0.0.1:5005") };
    private static readonly Option<string> Data = new("--data") { Description = "Folder that keeps tasks and objects across restarts.", HelpName = "DIR", DefaultValueFactory = _ => "emulator-data" };
    private static readonly Option<string?> ApiKey = new("--api-key") { Description = "The only key accepted; any without it.", HelpName = "KEY" };
    private static readonly Option<string> Faults = new("--faults") { Description = "Faults to inject.", HelpName = "k=v,...", DefaultValueFactory = _ => "" };
}

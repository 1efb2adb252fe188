using System.Text;
using Pipeline.IO;
using Pipeline.Model;
using Pipeline.Notation;
using Pipeline.Stores.Local;

namespace Pipeline.Cli.Settings;

/// <summary>
/// The settings file of this user: a variable a line, <c>NAME=value</c>, as Docker's <c>--env-file</c> and systemd's
/// <c>EnvironmentFile</c> read it too. Each variable counts as one of the environment, unless the environment has it.
/// It is never looked for in the current folder, where somebody else could put one.
/// </summary>
internal static class SettingsFile
{
    /// <summary>The variable that names another file; empty for none.</summary>
    public const string Variable = "PIPELINE_SETTINGS";

    private const string Export = "export ";

    private static readonly string[] Known =
    [
        "NIMBLE_API_KEY", "STORAGE_EMULATOR_HOST", "AZURE_CLIENT_ID", "AZURE_TOKEN_AUDIENCE",
    ];

    private static readonly string[] KnownStarts =
        ["Pipeline__", "Runner__", "AWS_", "GOOGLE_", "AzureWebJobsStorage", "OTEL_"];

    /// <summary>Where the file is; null where there can be none.</summary>
    public static string? Path => Environment.GetEnvironmentVariable(Variable) is { } named
        ? named.Length == 0 ? null : System.IO.Path.GetFullPath(named)
        : Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData) is { Length: > 0 } home
            ? System.IO.Path.Combine(home, "pipeline", "settings.env")
            : null;

    /// <summary>Adds the variables of the file to the environment of this process.</summary>
    /// <exception cref="PipelineException">Permanent: the file cannot be read, or a line of it.</exception>
    public static void Load()
    {
        if (Path is not { } path)
            return;
        if (!File.Exists(path))
        {
            if (Environment.GetEnvironmentVariable(Variable) is not null)
                throw Unusable($"{Variable} names {path}, and there is no such file. Make it: pipeline init");
            return;
        }
        foreach (var (name, value) in Read(path))
            if (Environment.GetEnvironmentVariable(name) is not { Length: > 0 })
                Environment.SetEnvironmentVariable(name, value);
    }

    /// <summary>Reads the variables of a file.</summary>
    /// <exception cref="PipelineException">Permanent: the file cannot be read, or a line of it.</exception>
    public static IReadOnlyList<(string Name, string Value)> Read(string path)
    {
        try
        {
            return
            [
                .. File.ReadLines(path).Select((line, i) => Parse(path, i + 1, line.Trim()))
                    .OfType<(string, string)>(),
            ];
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw Unusable($"The settings file {path} cannot be read: {FaultWords.Of(problem)}.");
        }
    }

    /// <summary>Writes a file that only its owner can read.</summary>
    public static void Write(string path, IEnumerable<(string Name, string Value)> variables)
    {
        var text = new StringBuilder("# Written by 'pipeline init'. It holds keys: keep it private.\n");
        foreach (var (name, value) in variables)
            text.Append(name).Append('=').Append(value).Append('\n');
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        PrivateFiles.Write(ReplaceableFile.Resolve(path), text.ToString());
    }

    private static (string, string)? Parse(string path, int number, string line)
    {
        if (line.Length == 0 || line[0] == '#')
            return null;
        var text = line.StartsWith(Export, StringComparison.Ordinal) ? line[Export.Length..].TrimStart() : line;
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        // The line may hold a key, so it is not shown.
        if (equals < 1)
            throw Unusable($"Line {number} of the settings file {path} is no NAME=value.");
        var name = text[..equals].TrimEnd();
        if (!Known.Contains(name) && !KnownStarts.Any(start => name.StartsWith(start, StringComparison.Ordinal)))
            throw Unusable(
                $"Line {number} of the settings file {path} sets {DisplayText.Quote(name)}, which pipeline does not "
                    + "read. Remove it, or correct the name.");
        return (name, Unquote(text[(equals + 1)..].Trim()));
    }

    private static string Unquote(string value) =>
        value is ['"', .., '"'] or ['\'', .., '\''] && value.Length > 1 ? value[1..^1] : value;

    private static PipelineException Unusable(string message) =>
        PipelineException.Permanent(FailureReasons.InvalidConfiguration, message);
}

using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;
using Pipeline.Notation;

namespace Pipeline.Cli;

/// <summary>Describes the errors of a command line in the user's words.</summary>
internal static partial class UsageErrors
{
    /// <summary>
    /// Makes an argument refuse texts that look like options, so that a mistyped option is never taken for a file or an
    /// id.
    /// </summary>
    public static T RefusingOptions<T>(this T argument)
        where T : Argument
    {
        argument.Validators.Add(result =>
        {
            foreach (var text in result.Tokens.Select(token => token.Value).Where(IsOption))
                result.AddError(Unknown(text, (result.Parent as CommandResult)?.Command));
        });
        return argument;
    }

    /// <summary>Returns a line for each error.</summary>
    public static IReadOnlyList<string> Describe(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        // The text after an unknown option is usually its value.
        var unknown = parsed.Tokens.Any(token => token.Type == TokenType.Argument && IsOption(token.Value))
            ? parsed.UnmatchedTokens.Where(IsOption).ToList()
            : parsed.UnmatchedTokens;
        var others = parsed.Errors.Select(error => error.Message)
            .Where(
                message => !parsed.UnmatchedTokens.Any(text => message.Contains($"'{text}'", StringComparison.Ordinal)))
            .Where(message => unknown.Count == 0 || !message.StartsWith("Required command", StringComparison.Ordinal));
        return
        [
            .. unknown.Select(text => Unknown(text, command))
                .Concat(others.Select(text => InPlainWords(text, command)))
                .Distinct(),
        ];
    }

    /// <summary>Names the help that fits a command line with errors, as a command that can be pasted.</summary>
    public static string Help(ParseResult parsed) => parsed.CommandResult.Command switch
    {
        RootCommand => "'pipeline --help' lists the commands.",
        { Subcommands.Count: > 0 } group when group.Action is null =>
            $"'pipeline {HelpScreen.PathOf(group)} --help' lists its commands.",
        var command => $"'pipeline {HelpScreen.PathOf(command)} --help' shows its arguments and options.",
    };

    private static bool IsOption(string text) => text is ['-', _, ..];

    private static string Unknown(string text, Command? command)
    {
        var name = text.Split('=')[0];
        var (kind, known) = IsOption(text)
            ? ("option", command?.Options.Select(option => option.Name))
            : ("command", command?.Subcommands.Select(inner => inner.Name));
        var nearest = Nearest.Of(name, known ?? []);
        return nearest is not null ? $"There is no {kind} {DisplayText.Quote(name)}. Did you mean {nearest}?"
            : kind == "option" && command is { Arguments.Count: 0 }
                ? $"'pipeline {HelpScreen.PathOf(command)}' has no option {DisplayText.Quote(name)}."
            : kind == "option"
                ? $"There is no option {DisplayText.Quote(name)}. For a file of that name, write ./{text}."
            : command is null or RootCommand ? $"There is no command {DisplayText.Quote(text)}."
            : $"'pipeline {HelpScreen.PathOf(command)}' has no use for {DisplayText.Quote(text)}. Leave it out.";
    }

    private static string InPlainWords(string message, Command command)
    {
        // The parser's own text names a .NET type; only flags have one.
        if (TypeName().Match(message) is { Success: true } flag)
            return $"{flag.Groups["option"].Value} is '{flag.Groups["text"].Value}'. Write "
                + $"{flag.Groups["option"].Value} alone, or with true or false after it.";
        if (message.StartsWith("Required command", StringComparison.Ordinal))
            return $"'pipeline {HelpScreen.PathOf(command)}' needs one of the commands "
                + $"{string.Join(", ", command.Subcommands.Select(inner => inner.Name))}.";
        return MissingArgument().Match(message) is { Success: true } missing
            ? $"'pipeline {HelpScreen.PathOf(command)}' needs {missing.Groups["argument"].Value} after it."
            : message;
    }

    [GeneratedRegex("^Required argument '(?<argument>[^']+)' missing for command")]
    private static partial Regex MissingArgument();

    [GeneratedRegex("^Cannot parse argument '(?<text>.*)' for option '(?<option>[^']+)' as expected type")]
    private static partial Regex TypeName();
}

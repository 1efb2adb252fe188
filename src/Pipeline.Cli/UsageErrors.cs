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
        return [.. unknown.Select(text => Unknown(text, command)).Concat(others.Select(InPlainWords)).Distinct()];
    }

    private static bool IsOption(string text) => text is ['-', _, ..];

    private static string Unknown(string text, Command? command)
    {
        var name = text.Split('=')[0];
        var (kind, known) = IsOption(text)
            ? ("option", command?.Options.Select(option => option.Name))
            : ("command", command?.Subcommands.Select(inner => inner.Name));
        var nearest = Nearest.Of(name, known ?? []);
        return nearest is not null ? $"There is no {kind} {DisplayText.Quote(name)}. Did you mean {nearest}?"
            : kind == "option"
                ? $"There is no option {DisplayText.Quote(name)}. For a file of that name, write ./{text}."
            : $"{DisplayText.Quote(text)} is not understood here.";
    }

    /// <summary>The parser's own text names a .NET type; only flags have one.</summary>
    private static string InPlainWords(string message) => TypeName().Match(message) is { Success: true } match
        ? $"{match.Groups["option"].Value} is '{match.Groups["text"].Value}'. Write {match.Groups["option"].Value} "
            + "alone, or with true or false after it."
        : message;

    [GeneratedRegex("^Cannot parse argument '(?<text>.*)' for option '(?<option>[^']+)' as expected type")]
    private static partial Regex TypeName();
}

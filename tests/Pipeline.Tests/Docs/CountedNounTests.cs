using System.Text.RegularExpressions;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Docs;

/// <summary>
/// No sentence of the product says "1 failures": a number before a noun goes through <c>Amount.Of</c>.
/// </summary>
public sealed partial class CountedNounTests
{
    [Fact]
    public void NoNumberStandsBeforeAPluralThatItMayNotFit()
    {
        var found = Directory
            .EnumerateFiles(Path.Combine(Repository.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal)
                && !file.Contains("/Pipeline.Emulator/", StringComparison.Ordinal))
            .SelectMany(file => Number().Matches(File.ReadAllText(file)).Select(match => $"{file}: {match.Value}"));
        Assert.Empty(found);
    }

    // "at most {max} lines" is a limit, which is never 1. Alerts and docs quote Sweep's "{Lists} lists are open".
    [GeneratedRegex(
        @"(?<!([Mm]ore than|at most|fewer than|last) )\{(?!Lists\})[\w.]+(:N0)?\} ("
            + "inputs|records|failures|tasks|submissions|results|messages|lists|webhooks|lines|tries|times|objects)\\b"
    )]
    private static partial Regex Number();
}

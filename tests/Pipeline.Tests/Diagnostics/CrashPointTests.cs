using System.Text.RegularExpressions;
using Pipeline.Diagnostics;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Diagnostics;

public sealed partial class CrashPointTests
{
    [Fact]
    public void EveryBoundaryInTheSourceIsListed()
    {
        var passed = Directory.EnumerateFiles(Path.Combine(Repository.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(file => Passes().Matches(File.ReadAllText(file)))
            .Select(match => match.Groups[1].Value);

        Assert.Equal(CrashPoint.Names.Order(), passed.Distinct().Order());
    }

    [GeneratedRegex("CrashPoint\\.Pass\\(\"([^\"]+)\"\\)")]
    private static partial Regex Passes();
}

using System.Reflection;
using System.Text.RegularExpressions;
using Pipeline.Model;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Model;

/// <summary>
/// A failure's reason decides how it can be repaired. The table in the code equals the one in the docs.
/// </summary>
public sealed partial class FailureRemediesTests
{
    public static TheoryData<string> Reasons => [.. Constants()];

    [Fact]
    public void EveryReasonHasOneRemedy() =>
        Assert.Equal(Constants(), FailureRemedies.All.Select(remedy => remedy.Reason));

    [Theory]
    [MemberData(nameof(Reasons))]
    public void TheDocsAgreeWithTheTable(string reason)
    {
        var row = Assert.Single(
            Rows().Matches(Repository.Read("docs/record.md")), r => r.Groups["reason"].Value == reason);
        var remedy = FailureRemedies.Of(reason);
        Assert.Equal(
            (remedy.IsRetryable is { } retryable ? Word(retryable) : "depends", Word(remedy.ReplaysFree),
                Word(remedy.Resubmits), Word(remedy.Retries)),
            (row.Groups["retryable"].Value, row.Groups["replay"].Value, row.Groups["resubmit"].Value,
                row.Groups["retry"].Value));
    }

    [Theory]
    [InlineData(FailureReasons.SubmissionRefused, false)]
    [InlineData(FailureReasons.ResultAmbiguous, false)]
    [InlineData(FailureReasons.TaskFailed, true)]
    [InlineData("a_reason_of_a_later_version", true)]
    public void TheReasonDecidesWhetherAFailureIsRetryable(string reason, bool isRetryable) =>
        Assert.Equal(isRetryable, FailureRemedies.Of(reason).IsRetryable);

    private static IEnumerable<string> Constants() => typeof(FailureReasons)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Where(field => field.IsLiteral)
        .Select(field => (string)field.GetRawConstantValue()!);

    private static string Word(bool yes) => yes ? "yes" : "no";

    [GeneratedRegex(
        @"^\| `(?<reason>\w+)` \| (?<retryable>\w+) \| (?<replay>\w+) \| (?<resubmit>\w+) \| (?<retry>\w+) \| ",
        RegexOptions.Multiline)]
    private static partial Regex Rows();
}

using System.Globalization;
using System.Text.RegularExpressions;
using Pipeline.Dashboard.Access;
using Pipeline.Notify;
using Pipeline.Options;
using Pipeline.Ports.Ledgers;
using Pipeline.Ports.Reading;
using Pipeline.Reports;
using Pipeline.Stores;
using Pipeline.Stores.Azure.Keeping;
using Pipeline.Stores.Local.Ledger;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Docs;

/// <summary>
/// What the docs say about retention. Each number has one place, in code or template; a sentence with another number
/// fails here.
/// </summary>
public sealed partial class RetentionTests
{
    private static readonly string[] Words =
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

    /// <summary>A page, a sentence with a gap, and the text of the gap.</summary>
    public static TheoryData<string, string, string> Sentences => new()
    {
        { "api.md", "a request repeated within {0} makes no second", Days(IRequestKeys.Kept) },
        { "usage.md", "`pipeline status` shows the reason for {0}", Days(ActivityReader.RefusedShown) },
        { "decisions.md", "`pipeline status` and `/api/status` show it for {0}.", Days(ActivityReader.RefusedShown) },
        { "security.md", "is in the log of events for {0}", Days(IEventLog.Kept) },
        { "security.md", "on one machine at most the last {0}", Number(LocalListCatalog.MaxEvents) },
        { "dashboard.md", "Every action is logged for {0} with who and when", Days(IEventLog.Kept) },
        { "decisions.md", "The ledger keeps events for {0}", Days(IEventLog.Kept) },
        { "decisions.md", "on one machine at most {0}.", Number(LocalListCatalog.MaxEvents) },
        { "security.md", "A browser keeps a ticket signed with HMAC for {0}", Days(SessionTickets.Lifetime) },
        { "dashboard.md", "anyone who enters the key in a form, for {0}", Days(SessionTickets.Lifetime) },
        { "keep.md", "ends on its own after {0}.", Days(LedgerRestore.Matters) },
        { "decisions.md", "It lasts {0}, as long as Nimble may keep results", Days(LedgerRestore.Matters) },
        { "keep.md", "`Sweep:PostingLease` ({0}) after the restore", Minutes(new SweepOptions().PostingLease) },
        { "keep.md", "After {0} the command gives up", Minutes(SteadyReads.Patience) },
        { "keep.md", "to which something wrote within the last {0} is refused", Minutes(AccountTables.Quiet) },
        { "decisions.md", "longer than a queue can delay a message (Azure: {0})", Days(MessageDelay.Max) },
        { "notify.md", "and so on up to an hour, for {0}.", Days(NotifyStage.Window) },
        { "notify.md", "After {0} an event waits in queue `notifications-poison`", Days(NotifyStage.Window) },
        { "runbook.md", "After `Nimble:RefusedWindow` ({0}) the", Days(new NimbleOptions().RefusedWindow) },
        { "decisions.md", "After `Nimble:RefusedWindow` ({0}, enough", Days(new NimbleOptions().RefusedWindow) },
        { "runbook.md", "up to `Collect:RefusedWindow` ({0})", Hours(new CollectOptions().RefusedWindow) },
        { "runbook.md", "after `Sweep:TaskDeadline` ({0})", Days(new SweepOptions().TaskDeadline) },
        { "operating.md", "as long as its tasks, at most {0}.", Hours(new SweepOptions().TaskDeadline) },
        { "downstream.md", "at least `PART_DAYS` ({0}) days", Default("main.bicep", "partDays") },
        { "decisions.md", "a lifecycle rule deletes claims (`claimDays`, {0})", Default("main.bicep", "claimDays") },
        { "keep.md", "until its retention ends ({0} days as we deploy it)", SoftDelete() },
        { "operating.md", "The deleted vault keeps its name for {0}", Days(VaultDays()) },
        { "operating.md", "Results are deleted after {0} days unless", BucketDays() },
    };

    [Theory]
    [MemberData(nameof(Sentences))]
    public void TheDocumentsSayHowLongSomethingIsKept(string page, string sentence, string value)
    {
        var text = Blanks().Replace(Repository.Read($"docs/{page}"), " ");

        Assert.True(
            Written(value).Any(
                words => text.Contains(
                    string.Format(CultureInfo.InvariantCulture, sentence, words), StringComparison.Ordinal)),
            $"docs/{page} does not say: {string.Format(CultureInfo.InvariantCulture, sentence, value)}");
    }

    /// <summary>The page states the template's defaults, and azd's parameters have the same ones.</summary>
    [Theory]
    [InlineData("RECORD_DAYS", "recordDays")]
    [InlineData("LIST_DAYS", "listDays")]
    [InlineData("CLAIM_DAYS", "claimDays")]
    [InlineData("PART_DAYS", "partDays")]
    [InlineData("TELEMETRY_DAYS", "telemetryDays")]
    [InlineData("OLDEST_LIST_HOURS", "oldestListHours")]
    public void TheDeploymentKeepsThingsForTheDefaultsThatItsTableNames(string variable, string parameter)
    {
        var value = Default("main.bicep", parameter);

        Assert.Contains(
            $"readEnvironmentVariable('{variable}', '{value}')", Repository.Read("infra/azure/main.bicepparam"),
            StringComparison.Ordinal);
        Assert.Contains($"| `{variable}` | {value} |", Repository.Read("docs/operating.md"), StringComparison.Ordinal);
    }

    /// <summary>A claim must not be deleted before its message has been handled.</summary>
    [Fact]
    [Trait("Promise", "1")]
    public void NoClaimIsDeletedWhileItsMessageMayWait()
    {
        var least = int.Parse(
            Read("main.bicep", @"@minValue\((\d+)\)\s+param claimDays "), CultureInfo.InvariantCulture);

        Assert.True(TimeSpan.FromDays(least) > MessageDelay.Max, $"{least} days are too few.");
        Assert.Contains(
            $"at least {least} |", Repository.Read("docs/operating.md"), StringComparison.Ordinal);
    }

    private static string Default(string template, string parameter) =>
        Read(template, $@"param {parameter} int = (\d+)");

    private static string SoftDelete()
    {
        var days = Days("modules/storage.bicep").Concat(Days("modules/host-storage.bicep")).Distinct();
        return Assert.Single(days);

        static IEnumerable<string> Days(string template) =>
            SoftDeletion().Matches(Repository.Read($"infra/azure/{template}")).Select(match => match.Groups[1].Value);
    }

    private static TimeSpan VaultDays() => TimeSpan.FromDays(
        int.Parse(Read("modules/vault.bicep", @"softDeleteRetentionInDays: (\d+)"), CultureInfo.InvariantCulture));

    private static string BucketDays()
    {
        var aws = Regex.Match(
            Repository.Read("infra/aws/results-bucket.yaml"), @"RetentionDays:\s+Type: Number\s+Default: (\d+)",
            RegexOptions.None, TimeSpan.FromSeconds(10));
        var gcp = Regex.Match(
            Repository.Read("infra/gcp/results-bucket.sh"), @"\$\{RETENTION_DAYS:-(\d+)\}", RegexOptions.None,
            TimeSpan.FromSeconds(10));
        return Assert.Single(new[] { aws.Groups[1].Value, gcp.Groups[1].Value }.Distinct());
    }

    private static string Read(string template, string pattern) =>
        Regex.Match(
            Repository.Read($"infra/azure/{template}"), pattern, RegexOptions.None, TimeSpan.FromSeconds(10))
            .Groups[1].Value is { Length: > 0 } value
            ? value
            : throw new InvalidOperationException($"{template} has no {pattern}.");

    private static string Days(TimeSpan span) => Amount(span.TotalDays, "day");

    private static string Hours(TimeSpan span) => Amount(span.TotalHours, "hour");

    private static string Minutes(TimeSpan span) => Amount(span.TotalMinutes, "minute");

    private static string Number(int number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private static string Amount(double number, string unit) => string.Create(
        CultureInfo.InvariantCulture, $"{number} {unit}{(number == 1 ? "" : "s")}");

    /// <summary>An amount as a page may write it: <c>7 days</c> or <c>seven days</c>, <c>a day</c>.</summary>
    private static IEnumerable<string> Written(string amount)
    {
        yield return amount;
        if (amount.Split(' ') is [var number, var unit] && int.TryParse(number, CultureInfo.InvariantCulture, out var n)
            && n < Words.Length)
            yield return n == 1 ? $"a {unit}" : $"{Words[n]} {unit}";
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();

    [GeneratedRegex(@"eleteRetentionPolicy: \{ enabled: true, days: (\d+) \}")]
    private static partial Regex SoftDeletion();
}

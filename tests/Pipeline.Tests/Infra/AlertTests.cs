using System.Xml;
using Microsoft.AspNetCore.Http.Features;
using Pipeline.Callback;
using Pipeline.Diagnostics;
using Pipeline.Model;
using Pipeline.Stores.Azure;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Infra;

/// <summary>Alerts query only what the app measures. Any other query would never fire.</summary>
public sealed class AlertTests
{
    [Fact]
    public async Task EveryQueryReadsAMetricThatTheCodeMeasures()
    {
        var rules = await AlertRule.ReadAsync();
        Assert.Equal(10, rules.Count);
        string[] values =
        [
            "held", "notifications", "5", "", .. AzureNames.OutputQueues,
            .. Enum.GetNames<CallbackAnswer>().Select(name => name.ToLowerInvariant()),
        ];
        foreach (var rule in rules.Where(rule => rule.Metric != AlertRule.RequestDuration))
        {
            Assert.Contains(rule.Metric, Instruments.All.Select(one => one.Name));
            Assert.Subset(
                Instruments.Dimensions.ToHashSet(), rule.Filters.Select(filter => filter.Dimension).ToHashSet());
            Assert.Subset(values.ToHashSet(), rule.Filters.Select(filter => filter.Value).ToHashSet());
        }
    }

    /// <summary>
    /// Each alert, evaluated over measurements of the code: it fires for its fault and not for ordinary work.
    /// </summary>
    [Fact]
    public async Task EveryAlertFiresForItsFaultAndForNoOther()
    {
        var rules = await AlertRule.ReadAsync();
        Assert.Equal(rules.Select(rule => rule.Name).Order(), Faults.Keys.Order());
        foreach (var (fault, measure) in Faults.Append(new("", _ => Task.CompletedTask)))
        {
            using var metrics = new MetricsOf(PipelineMetrics.MeterName, AlertRule.RequestMeter);
            MeasureOrdinaryWork();
            await measure(metrics);
            foreach (var rule in rules)
                Assert.True(
                    rule.Fires(metrics.Recorded) == (rule.Name == fault), $"{rule.Name} for the fault '{fault}'");
        }
    }

    [Fact]
    public async Task EveryAlertIsExplained()
    {
        var page = Repository.Read("docs/operating.md");
        string[] kinds = ["Microsoft.Insights/scheduledQueryRules", "Microsoft.Insights/metricAlerts"];
        var rules = (await Task.WhenAll(kinds.Select(Bicep.ResourcesAsync))).SelectMany(rules => rules).ToList();
        Assert.Equal(12, rules.Count);
        foreach (var name in rules.Select(rule => rule.GetProperty("name").GetString()!))
            Assert.Contains($"| `{name[..name.LastIndexOf('-')]}` |", page, StringComparison.Ordinal);
    }

    /// <summary>
    /// Telemetry may arrive minutes late, and a rule sees each moment only while its window covers it.
    /// </summary>
    [Fact]
    public async Task NoQueryMissesTelemetryThatArrivesLate()
    {
        foreach (var rule in await Bicep.ResourcesAsync("Microsoft.Insights/scheduledQueryRules"))
            Assert.True(
                XmlConvert.ToTimeSpan(rule.GetProperty("properties").GetProperty("windowSize").GetString()!)
                    >= TimeSpan.FromMinutes(30));
    }

    /// <summary>A deployment that has never logged a sweep has just begun.</summary>
    [Fact]
    public async Task ANewDeploymentIsNotSilent()
    {
        var rule = Assert.Single(
            await Bicep.ResourcesAsync("Microsoft.Insights/scheduledQueryRules"),
            r => r.GetProperty("name").GetString()!.StartsWith("sweep-silent", StringComparison.Ordinal));
        var criterion = rule.GetProperty("properties").GetProperty("criteria").GetProperty("allOf")[0];
        Assert.Equal("GreaterThan", criterion.GetProperty("operator").GetString());
        Assert.Contains("max(TimeGenerated)", criterion.GetProperty("query").GetString(), StringComparison.Ordinal);
    }

    /// <summary>
    /// By default the exporter drops log lines of invocations whose trace was not sampled: under load, nearly all.
    /// </summary>
    [Fact]
    public void TheLogThatAlertsReadIsNotSampled() =>
        Assert.Contains(
            "EnableTraceBasedLogsSampler = false", Repository.Read("src/Pipeline.Functions/Telemetry.cs"),
            StringComparison.Ordinal);

    /// <summary>Measures each fault, by the name of its alert.</summary>
    private static readonly Dictionary<string, Func<MetricsOf, Task>> Faults = new()
    {
        ["dead-letters"] = Do(() => PipelineMetrics.CountDeadLetter(QueueNames.Results)),
        ["unknown-submissions"] = Do(() => PipelineMetrics.MeasureUnknown(TimeSpan.FromMinutes(16))),
        ["sweep-silent"] = Do(() =>
        {
            // A failed pass does not count as a sign of life.
            MetricsOf.Advance(TimeSpan.FromMinutes(21));
            PipelineMetrics.MeasureFailedSweep(TimeSpan.FromSeconds(1), nameof(PipelineException));
        }),
        ["sweep-behind"] = Do(() => PipelineMetrics.MeasureSweep(default, 1, TimeSpan.FromMinutes(31))),
        ["oldest-work"] = Do(() => StateMetrics.MeasureOpenLists(1, TimeSpan.FromHours(31))),
        ["records-waiting"] = Do(
            () => StateMetrics.MeasureQueue(AzureNames.RecordsQueue, 1, TimeSpan.FromHours(25))),
        ["submission-paused"] = Do(() =>
        {
            foreach (var status in Enumerable.Repeat(402, 11))
                PipelineMetrics.CountPost("held", status, 1000, pricePerUrl: null);
        }),
        ["forged-webhooks"] = Do(() =>
        {
            foreach (var answer in Enumerable.Repeat(CallbackAnswer.Unauthorized, 101))
                PipelineMetrics.CountWebhook(answer.ToString());
        }),
        ["server-errors"] = AnswerWithErrorsAsync,
        ["queue-stuck"] = Do(() => StateMetrics.MeasureQueue(QueueNames.Submissions, 1, TimeSpan.FromHours(3))),
    };

    private static void MeasureOrdinaryWork()
    {
        PipelineMetrics.CountPost("accepted", null, 1000, 0.001m);
        PipelineMetrics.CountPost("held", 429, 1000, 0.001m);
        foreach (var answer in Enumerable.Repeat(CallbackAnswer.Accepted, 1000))
            PipelineMetrics.CountWebhook(answer.ToString());
        PipelineMetrics.MeasureSweep(TimeSpan.FromSeconds(9), 10, TimeSpan.FromMinutes(1));
        PipelineMetrics.MeasureFailedSweep(TimeSpan.FromSeconds(9), nameof(PipelineException));
        StateMetrics.MeasureOpenLists(3, TimeSpan.FromHours(20));
        StateMetrics.MeasureQueue(QueueNames.Results, 100, TimeSpan.FromMinutes(5));
        StateMetrics.MeasureQueue(QueueNames.Notifications, 1, TimeSpan.FromHours(3));
        // Some consumers come once a day, and nobody has to read failures.
        StateMetrics.MeasureQueue(AzureNames.RecordsQueue, 1, TimeSpan.FromHours(20));
        StateMetrics.MeasureQueue(AzureNames.FailuresQueue, 1, TimeSpan.FromDays(9));
        PipelineMetrics.MeasureUnknown(TimeSpan.FromMinutes(2));
    }

    private static async Task AnswerWithErrorsAsync(MetricsOf metrics)
    {
        await using var server = await TestServer.StartAsync(context =>
        {
            context.Features.GetRequiredFeature<IHttpMetricsTagsFeature>().Tags.Add(metrics.Tag);
            return TestServer.Json("{}", 503)(context);
        });
        using var http = new HttpClient();
        foreach (var i in Enumerable.Range(0, 21))
            (await http.GetAsync(new Uri(server.Address, $"{i}"), TestContext.Current.CancellationToken)).Dispose();
    }

    private static Func<MetricsOf, Task> Do(Action measure) => _ =>
    {
        measure();
        return Task.CompletedTask;
    };
}

using System.Globalization;
using Microsoft.Extensions.Options;
using Pipeline.Notation;
using Pipeline.Options;
using Pipeline.Urls;

namespace Pipeline.Settings;

/// <summary>
/// Checks all settings at start and reports all faults at once. A fault is one line: the option or variable, its value,
/// and what to write instead. Ranges are beside the settings in the options; this class has the checks that need
/// several settings.
/// </summary>
internal sealed class PipelineOptionsValidator : IValidateOptions<PipelineOptions>
{
    private const int MinKeyBytes = 32;
    private const string MakeKey = "Make one with 'openssl rand -base64 32'.";

    public ValidateOptionsResult Validate(string? name, PipelineOptions options)
    {
        List<string> faults =
        [
            .. options.Unreadable,
            .. CheckNimble(options),
            .. CheckDelivery(options),
            .. NotifyRules.Check(options),
            .. SettingsCatalog.Pipeline.Where(setting => !setting.Allows(setting.Get(options)))
                .Select(setting => Fault(options, setting)),
            .. CheckTexts(options),
            .. CheckCosts(options),
            .. CheckTimes(options),
            .. CheckDashboard(options.Dashboard, options.NameOf("Dashboard:Key")),
        ];
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }

    private static string Fault(PipelineOptions options, Setting setting)
    {
        var source = options.NameOf(setting.Name);
        var text = options.Given.Find(setting.Path)?.Text ?? SettingText.Format(setting.Get(options));
        return SettingBinder.Fault(setting, source, text);
    }

    private static IEnumerable<string> CheckNimble(PipelineOptions options)
    {
        var nimble = options.Nimble;
        if (string.IsNullOrWhiteSpace(nimble.ApiKey))
            yield return "NIMBLE_API_KEY is not set. Set it to the key of your Nimble account.";
        else if (!nimble.ApiKey.Trim().All(c => c is > ' ' and < (char)127 and not ('"' or '\'')))
            yield return $"{options.NameOf("Nimble:ApiKey")} has characters that no key has, "
                + "such as blanks or quotes. "
                + "Set it to the key alone.";
        if (WebAddress.Parse(nimble.BaseUrl.OriginalString) is null)
            yield return $"{options.NameOf("Nimble:BaseUrl")} is {DisplayText.Quote(nimble.BaseUrl.OriginalString)}. "
                + "Write an http or https address, such as https://sdk.nimbleway.com.";
        if (nimble.Version is not ['v', ..] || !int.TryParse(nimble.Version.AsSpan(1), NumberStyles.None, null, out _))
            yield return $"{options.NameOf("Nimble:Version")} is {DisplayText.Quote(nimble.Version)}. Write v1 or v2.";
    }

    private static IEnumerable<string> CheckDelivery(PipelineOptions options)
    {
        var delivery = options.Delivery;
        if (delivery.StorageUrl is { } url && !StorageAddress.IsUsable(url))
            yield return $"{options.NameOf("Delivery:StorageUrl")} is {DisplayText.Quote(url)}. "
                + "Write s3://bucket/prefix/ or gs://bucket/prefix/.";
        if (delivery.CallbackBase is { } callback && WebAddress.Parse(callback.OriginalString) is null)
            yield return $"{options.NameOf("Delivery:CallbackBase")} is {DisplayText.Quote(callback.OriginalString)}. "
                + "Write an http or https address, such as https://hooks.example.com.";
        if (delivery.CallbackBase is not null && delivery.CallbackKeys.Count == 0)
            yield return $"{options.NameOf("Delivery:CallbackBase")} needs a key in "
                + $"Pipeline__Delivery__CallbackKeys__0. {MakeKey}";
        for (var i = 0; i < delivery.CallbackKeys.Count; i++)
            if (!IsKey(delivery.CallbackKeys[i]) && KeyVault.Unresolved("", delivery.CallbackKeys[i]) is null)
                yield return $"{options.NameOf($"Delivery:CallbackKeys:{i}")} is not base64 of at least "
                    + $"{MinKeyBytes} bytes. {MakeKey}";
    }

    private static bool IsKey(string key) =>
        Convert.TryFromBase64String(key, new byte[key.Length], out var bytes) && bytes >= MinKeyBytes;

    private static IEnumerable<string> CheckTexts(PipelineOptions options)
    {
        for (var i = 0; i < options.Guards.RefusedDomains.Count; i++)
            if (options.Guards.RefusedDomains[i] is { Length: > 0 } domain && !RefusedDomains.IsDomain(domain))
                yield return $"{options.NameOf($"Guards:RefusedDomains:{i}")} is {DisplayText.Quote(domain)}. "
                    + "Write a domain such as example.com, without scheme, port, path and '*.'.";
        for (var i = 0; i < options.Retry.Reasons.Count; i++)
            if (options.Retry.Reasons[i] is { Length: > 0 } reason && !RetryOptions.Possible.Contains(reason))
                yield return $"{options.NameOf($"Retry:Reasons:{i}")} is {DisplayText.Quote(reason)}, "
                    + "which cannot be retried. "
                    + $"Write one of {string.Join(", ", RetryOptions.Possible)}.";
        if (PageStatuses.FaultIn(options.Collect.FailStatuses) is not null)
            yield return $"{options.NameOf("Collect:FailStatuses")} is "
                + $"{DisplayText.Quote(options.Collect.FailStatuses)}. Write statuses or classes of them with commas "
                + "between, such as 4xx,503.";
    }

    private static IEnumerable<string> CheckCosts(PipelineOptions options)
    {
        var price = options.Nimble.PricePerUrl;
        foreach (var (setting, limit) in new[]
        {
            ("Guards:MaxCostPerList",
                options.Guards.MaxCostPerList), ("Guards:MaxCostPerDay", options.Guards.MaxCostPerDay),
        })
        {
            if (limit is not null && price is not > 0)
                yield return $"{options.NameOf(setting)} needs Pipeline__Nimble__PricePerUrl, more than zero.";
            else if (limit < price)
                yield return $"{options.NameOf(setting)} ({limit}) is less than the price of one URL "
                    + $"({options.NameOf("Nimble:PricePerUrl")}, {price}). Raise it, or correct the price.";
        }
    }

    private static IEnumerable<string> CheckDashboard(DashboardOptions dashboard, string name)
    {
        if (dashboard.Key is { Length: > 0 } key && KeyVault.Unresolved("", key) is null
            && (key.Length < DashboardOptions.MinKeyLength || !key.All(c => c is > ' ' and < (char)127)))
            yield return $"{name} cannot be used as a key. Write at least {DashboardOptions.MinKeyLength} characters "
                + $"without blanks. {MakeKey}";
    }

    private static IEnumerable<string> CheckTimes(PipelineOptions options)
    {
        var (submit, sweep) = (options.Submit, options.Sweep);
        if (submit.Unknown == UnknownPolicy.RepostWhenProvenAbsent && submit.Quarantine >= sweep.EvidenceWindow)
            yield return $"{options.NameOf("Submit:Quarantine")} ({submit.Quarantine}) must be shorter than "
                + $"{options.NameOf("Sweep:EvidenceWindow")} ({sweep.EvidenceWindow}): after that "
                + "a submission is given up.";
        if (sweep.PostingLease <= options.Nimble.Timeout)
            yield return $"{options.NameOf("Sweep:PostingLease")} ({sweep.PostingLease}) must be longer than "
                + $"{options.NameOf("Nimble:Timeout")} ({options.Nimble.Timeout}): an open POST must not "
                + "be taken for a lost one.";
        if (sweep.MaxPollInterval < sweep.PollInterval)
            yield return $"{options.NameOf("Sweep:MaxPollInterval")} ({sweep.MaxPollInterval}) "
                + "must not be shorter than "
                + $"{options.NameOf("Sweep:PollInterval")} ({sweep.PollInterval}).";
    }
}

using Microsoft.Extensions.Options;
using Pipeline.Collect;
using Pipeline.Intake;
using Pipeline.Ports;

namespace Pipeline;

/// <summary>Checks every setting at start and reports all faults at once.</summary>
internal sealed class PipelineOptionsValidator : IValidateOptions<PipelineOptions>
{
    private const int MinKeyBytes = 32;

    public ValidateOptionsResult Validate(string? name, PipelineOptions options)
    {
        var faults = new List<string>();
        CheckNimble(options.Nimble, faults);
        CheckDelivery(options.Delivery, faults);
        CheckLimits(options, faults);
        CheckGuards(options.Guards, options.Nimble.PricePerUrl, faults);
        for (var i = 0; i < options.Guards.RefusedDomains.Count; i++)
            if (options.Guards.RefusedDomains[i].Length > 0 && !RefusedDomains.IsDomain(options.Guards.RefusedDomains[i]))
                faults.Add($"Guards:RefusedDomains:{i} '{options.Guards.RefusedDomains[i]}' is not a domain such as 'example.com'; leave out scheme, port, path and '*.'.");
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }

    private static void CheckNimble(NimbleOptions nimble, List<string> faults)
    {
        if (string.IsNullOrWhiteSpace(nimble.ApiKey))
            faults.Add("Nimble:ApiKey is missing; set NIMBLE_API_KEY.");
        if (!nimble.BaseUrl.IsAbsoluteUri || nimble.BaseUrl.Scheme is not ("http" or "https"))
            faults.Add($"Nimble:BaseUrl '{nimble.BaseUrl}' is not an http(s) address.");
        if (nimble.Version.Length < 2 || nimble.Version[0] != 'v' || nimble.Version.AsSpan(1).ContainsAnyExceptInRange('0', '9'))
            faults.Add($"Nimble:Version '{nimble.Version}' is not of the form 'v1'.");
        if (nimble.RequestsPerSecond is not (>= 0.1 and <= 10_000))
            faults.Add("Nimble:RequestsPerSecond must be between 0.1 and 10,000.");
    }

    private static void CheckDelivery(DeliveryOptions delivery, List<string> faults)
    {
        try
        {
            if (delivery.StorageUrl is { } url && ObjectUri.Parse(url).Scheme is not ("s3" or "gs"))
                faults.Add($"Delivery:StorageUrl '{url}' must be an s3:// or gs:// address.");
        }
        catch (PipelineException problem)
        {
            faults.Add($"Delivery:StorageUrl: {problem.Message}");
        }

        if (delivery.CallbackBase is { } callback && (!callback.IsAbsoluteUri || callback.Scheme is not ("http" or "https")))
            faults.Add($"Delivery:CallbackBase '{callback}' is not an http(s) address.");
        if (delivery.CallbackBase is not null && delivery.CallbackKeys.Count == 0)
            faults.Add("Delivery:CallbackBase needs a key in Delivery:CallbackKeys; make one with 'openssl rand -base64 32'.");
        for (var i = 0; i < delivery.CallbackKeys.Count; i++)
            if (!Convert.TryFromBase64String(delivery.CallbackKeys[i], new byte[delivery.CallbackKeys[i].Length], out var bytes) || bytes < MinKeyBytes)
                faults.Add($"Delivery:CallbackKeys:{i} is not base64 of at least {MinKeyBytes} bytes; make one with 'openssl rand -base64 32'.");
    }

    private static void CheckGuards(GuardOptions guards, decimal? price, List<string> faults)
    {
        foreach (var (setting, limit) in new[] { ("Guards:MaxUrlsPerList", guards.MaxUrlsPerList), ("Guards:MaxUrlsPerDay", guards.MaxUrlsPerDay) })
            if (limit <= 0)
                faults.Add($"{setting} must be more than zero; leave it out for no limit.");
        foreach (var (setting, limit) in new[] { ("Guards:MaxCostPerList", guards.MaxCostPerList), ("Guards:MaxCostPerDay", guards.MaxCostPerDay) })
        {
            if (limit is not null && price is not > 0)
                faults.Add($"{setting} needs Nimble:PricePerUrl, more than zero.");
            else if (limit < price)
                faults.Add($"{setting} ({limit}) is less than one URL costs (Nimble:PricePerUrl, {price}).");
        }

        if (guards.Canary is not (>= 0 and <= 1000))
            faults.Add("Guards:Canary must be between 0 and 1,000.");
        if (guards.CanaryShare is not (> 0 and <= 1))
            faults.Add("Guards:CanaryShare must be above 0 and at most 1.");
    }

    private static void CheckLimits(PipelineOptions options, List<string> faults)
    {
        if (options.Intake.MaxInputsPerSubmission is not (>= 1 and <= 1000))
            faults.Add("Intake:MaxInputsPerSubmission must be between 1 and 1,000.");
        foreach (var (setting, value) in new (string, long)[]
        {
            ("Intake:MaxItemBytes", options.Intake.MaxItemBytes),
            ("Intake:MaxRatio", options.Intake.MaxRatio),
            ("Collect:ConcurrencyPerCore", options.Collect.ConcurrencyPerCore),
            ("Collect:MaxStoredBytes", options.Collect.MaxStoredBytes),
            ("Collect:MaxExpandedBytes", options.Collect.MaxExpandedBytes),
            ("Collect:MaxRatio", options.Collect.MaxRatio),
            ("Collect:MaxDepth", options.Collect.MaxDepth),
            ("Collect:StagingBytes", options.Collect.StagingBytes),
            ("Collect:RetryDelay", options.Collect.RetryDelay.Ticks),
            ("Sweep:PollInterval", options.Sweep.PollInterval.Ticks),
            ("Sweep:WebhookGrace", options.Sweep.WebhookGrace.Ticks),
            ("Sweep:LateInterval", options.Sweep.LateInterval.Ticks),
            ("Submit:MaxPosts", options.Submit.MaxPosts),
            ("Submit:MaxRefusals", options.Submit.MaxRefusals),
            ("Nimble:RefusedPause", options.Nimble.RefusedPause.Ticks),
            ("Nimble:RefusedWindow", options.Nimble.RefusedWindow.Ticks),
            ("Callback:MaxPerSubmission", options.Callback.MaxPerSubmission),
            ("Callback:MaxPerSecond", options.Callback.MaxPerSecond),
            ("Callback:MaxWrongPerSecond", options.Callback.MaxWrongPerSecond),
            ("Retry:MaxAttempts", options.Retry.MaxAttempts),
        })
            if (value <= 0)
                faults.Add($"{setting} must be more than zero.");
        if (PageStatuses.FaultIn(options.Collect.FailStatuses) is { } fault)
            faults.Add($"Collect:FailStatuses has '{fault}', which is no status: write 503, or 4xx for all from 400 to 499.");
        if (options.Retry.MaxShare is not (>= 0 and <= 1))
            faults.Add("Retry:MaxShare must be between 0 and 1.");
        foreach (var reason in options.Retry.Reasons)
            if (reason.Length > 0 && !RetryOptions.Possible.Contains(reason))
                faults.Add($"Retry:Reasons '{reason}' cannot be retried; possible are {string.Join(", ", RetryOptions.Possible)}.");
        if (options.Submit.Unknown == UnknownPolicy.RepostWhenProvenAbsent && options.Submit.Quarantine >= options.Sweep.EvidenceWindow)
            faults.Add($"Submit:Quarantine ({options.Submit.Quarantine}) must be shorter than Sweep:EvidenceWindow ({options.Sweep.EvidenceWindow}): after that a submission is given up.");
        if (options.Sweep.PostingLease <= options.Nimble.Timeout)
            faults.Add($"Sweep:PostingLease ({options.Sweep.PostingLease}) must be longer than Nimble:Timeout ({options.Nimble.Timeout}): a POST under way must not be taken for a lost one.");
    }
}

using System.CommandLine;
using Microsoft.Extensions.Configuration;
using Pipeline.Options;

namespace Pipeline.Cli.Settings;

/// <summary>The options that are settings too. An option goes over the environment.</summary>
internal static class SettingOptions
{
    private static readonly IReadOnlyList<(Option<string?> Option, string Path)> Texts =
    [
        (RunOptions.Api, "Pipeline:Nimble:BaseUrl"),
        (RunOptions.StorageUrl, "Pipeline:Delivery:StorageUrl"),
        (RunOptions.CallbackBase, "Pipeline:Delivery:CallbackBase"),
        (RunOptions.Content, "Pipeline:Collect:Content"),
        (RunOptions.FailStatus, "Pipeline:Collect:FailStatuses"),
        (RunOptions.MaxUrls, "Pipeline:Guards:MaxUrlsPerList"),
        (RunOptions.Canary, "Pipeline:Guards:Canary"),
        (RunOptions.Price, "Pipeline:Nimble:PricePerUrl"),
    ];

    private static readonly IReadOnlyList<(Option<bool> Option, string Path)> Flags =
    [
        (RunOptions.Compress, "Pipeline:Delivery:Compress"),
        (RunOptions.Strict, "Pipeline:Intake:Strict"),
        (RunOptions.AllowPrivate, "Pipeline:Intake:AllowPrivate"),
    ];

    private const string Domains = "Pipeline:Guards:RefusedDomains";

    /// <summary>Reads the settings from the command line and the environment.</summary>
    public static GivenSettings Read(ParseResult parsed)
    {
        var given = Environment();
        foreach (var (option, path) in Texts)
            if (parsed.GetValue(option) is { } text)
                given = given.With(path, option.Name, text);
        foreach (var (option, path) in Flags)
            if (parsed.GetResult(option) is { Implicit: false })
                given = given.With(path, option.Name, parsed.GetValue(option) ? "true" : "false");
        // Refused domains of the environment are an operator's guard, so the option only adds to them.
        var next = given.FindAll(Domains).Count;
        foreach (var domain in parsed.GetValue(RunOptions.RefuseDomain) ?? [])
            given = given.With($"{Domains}:{Free(given, ref next)}", RunOptions.RefuseDomain.Name, domain);
        return given;
    }

    /// <summary>Reads the settings from the environment.</summary>
    public static GivenSettings Environment() =>
        GivenSettings.From(new ConfigurationBuilder().AddEnvironmentVariables().Build());

    private static int Free(GivenSettings given, ref int next)
    {
        while (given.Find($"{Domains}:{next}") is not null)
            next++;
        return next;
    }
}

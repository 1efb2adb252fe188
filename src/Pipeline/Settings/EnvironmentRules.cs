using System.Text.RegularExpressions;
using Pipeline.Notation;

namespace Pipeline.Settings;

/// <summary>Checks the variables of clouds and proxies, beyond what their own readers check.</summary>
internal static partial class EnvironmentRules
{
    private const string KeyAlone = "Set it to the value alone, without blanks, quotes and line ends";

    private static readonly IReadOnlyList<Rule> Rules =
    [
        // Their own readers check these, except for references.
        new(
            [
                "AzureWebJobsStorage", "PipelineStorage", "APPLICATIONINSIGHTS_CONNECTION_STRING",
                "OTEL_EXPORTER_OTLP_HEADERS",
            ],
            _ => true, "", IsSecret: true),
        new(["AWS_REGION", "AWS_DEFAULT_REGION"], Region().IsMatch, "Write a region, such as eu-west-1"),
        new(
            ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"], Token().IsMatch, KeyAlone,
            IsSecret: true),
        new(["AWS_PROFILE"], Line().IsMatch, "Write the name of a profile, such as default"),
        new(["AWS_MAX_ATTEMPTS"], Count().IsMatch, "Write a whole number, such as 5"),
        new(["AWS_RETRY_MODE"], v => v is "standard" or "adaptive" or "legacy", "Write standard or adaptive"),
        new(["AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT", "AWS_EC2_METADATA_DISABLED"],
            v => bool.TryParse(v, out _), "Write true or false"),
        new(["STORAGE_EMULATOR_HOST"], v => WebAddress.Parse(v.Contains("://",
            StringComparison.Ordinal) ? v : $"http://{v}") is not null,
            "Write a host and port, such as localhost:4443, or an http address"),
        new(["GOOGLE_APPLICATION_CREDENTIALS", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE",
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            "AZURE_FEDERATED_TOKEN_FILE"], Line().IsMatch, "Write the path of a file"),
        // A missing AWS_CONFIG_FILE or AWS_SHARED_CREDENTIALS_FILE is allowed: the SDK treats it as empty.
        new(["GOOGLE_APPLICATION_CREDENTIALS", "AWS_WEB_IDENTITY_TOKEN_FILE", "AZURE_FEDERATED_TOKEN_FILE"],
            v =>
                !Line().IsMatch(v) || File.Exists(v), "There is no such file. Correct the path, or unset the variable"),
        new(["AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AzureWebJobsStorage__clientId",
            "PipelineStorage__clientId"], v => Guid.TryParseExact(v, "D",
            out _),
            "Write an id, such as 11111111-2222-3333-4444-555555555555"),
        new(["AZURE_TOKEN_AUDIENCE"], Token().IsMatch, "Write an application id URI, such as api://APP_ID"),
        new(["AzureWebJobsStorage__accountName", "PipelineStorage__accountName"], AccountName().IsMatch,
            "Write only the account's name, 3 to 24 lowercase letters and digits"),
        // .NET ignores a proxy whose address it cannot read, and says nothing.
        new(["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"], IsProxy,
            "Write an address, such as http://proxy.example.com:3128", IsSecret: true),
        // OpenTelemetry ignores an address that it cannot read, and sends nothing.
        new(
            [
                "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
                "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            ],
            v => Uri.TryCreate(v, UriKind.Absolute, out var address) && address.Scheme is "http" or "https",
            "Write the collector's address, such as http://localhost:4317", IsSecret: true),
        new(["OTEL_EXPORTER_OTLP_PROTOCOL"], v => v is "grpc" or "http/protobuf", "Write grpc or http/protobuf"),
        new(
            ["NO_PROXY", "no_proxy"], Line().IsMatch,
            "Write host names with commas between, such as localhost,.example.com"),
    ];

    /// <summary>Returns a line for each variable that cannot be used.</summary>
    /// <param name="read">Reads a variable by its name.</param>
    public static IEnumerable<string> Check(Func<string, string?> read) =>
        from rule in Rules
        from name in rule.Names
        let value = read(name)
        where !string.IsNullOrEmpty(value)
        let problem = Problem(rule, name, value)
        where problem is not null
        select problem;

    private static string? Problem(Rule rule, string name, string value) => KeyVault.Unresolved(name, value)
        ?? (
            rule.IsUsable(value)
                ? null
                : $"{name} is {(rule.IsSecret ? "not usable" : DisplayText.Quote(value))}. {rule.Right}.");

    private static bool IsProxy(string value) =>
        Uri.TryCreate(
            value.Contains("://", StringComparison.Ordinal) ? value : $"http://{value}", UriKind.Absolute,
            out var address)
        && address is { Scheme: "http" or "https" or "socks4" or "socks4a" or "socks5", Host.Length: > 0 }
        && Token().IsMatch(value);

    private sealed record Rule(
        IReadOnlyList<string> Names, Predicate<string> IsUsable, string Right, bool IsSecret = false);

    [GeneratedRegex(@"^[a-z0-9]+(-[a-z0-9]+)*\z")]
    private static partial Regex Region();

    [GeneratedRegex("""^[!-~-["']]+\z""")]
    private static partial Regex Token();

    [GeneratedRegex(@"^[^\p{C}""]+\z")]
    private static partial Regex Line();

    [GeneratedRegex(@"^[1-9][0-9]{0,3}\z")]
    private static partial Regex Count();

    [GeneratedRegex(@"^[a-z0-9]{3,24}\z")]
    private static partial Regex AccountName();
}

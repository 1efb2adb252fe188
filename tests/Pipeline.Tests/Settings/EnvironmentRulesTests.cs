using Pipeline.Options;
using Pipeline.Settings;
using Pipeline.Tests.Infra;

namespace Pipeline.Tests.Settings;

/// <summary>
/// Every variable is checked at start. An error is one line with its name, its value and what to write.
/// </summary>
public sealed class EnvironmentRulesTests
{
    [Theory]
    [InlineData("AWS_REGION", "\"eu-west-1\"", "AWS_REGION is '\"eu-west-1\"'. Write a region, such as eu-west-1.")]
    [InlineData("AWS_REGION", "eu-west-1\r", "AWS_REGION is 'eu-west-1U+000D'. Write a region, such as eu-west-1.")]
    [InlineData("AWS_DEFAULT_REGION", "eu west", "AWS_DEFAULT_REGION is 'eu west'. Write a region, such as eu-west-1.")]
    [InlineData("AWS_SECRET_ACCESS_KEY", "hidden \"one\"",
        "AWS_SECRET_ACCESS_KEY is not usable. Set it to the value alone, without blanks, quotes and line ends.")]
    [InlineData("AWS_MAX_ATTEMPTS", "many", "AWS_MAX_ATTEMPTS is 'many'. Write a whole number, such as 5.")]
    [InlineData("AWS_RETRY_MODE", "fast", "AWS_RETRY_MODE is 'fast'. Write standard or adaptive.")]
    [InlineData("AWS_USE_FIPS_ENDPOINT", "yes", "AWS_USE_FIPS_ENDPOINT is 'yes'. Write true or false.")]
    [InlineData("STORAGE_EMULATOR_HOST", "local host",
        "STORAGE_EMULATOR_HOST is 'local host'. Write a host and port, such as localhost:4443, or an http address.")]
    [InlineData("GOOGLE_APPLICATION_CREDENTIALS", "key.json\r",
        "GOOGLE_APPLICATION_CREDENTIALS is 'key.jsonU+000D'. Write the path of a file.")]
    [InlineData("GOOGLE_APPLICATION_CREDENTIALS", "/no/such/key.json",
        "GOOGLE_APPLICATION_CREDENTIALS is '/no/such/key.json'. There is no such file. Correct the "
            + "path, or unset the variable.")]
    [InlineData("AWS_WEB_IDENTITY_TOKEN_FILE", "/no/such/token",
        "AWS_WEB_IDENTITY_TOKEN_FILE is '/no/such/token'. There is no such file. Correct the "
            + "path, or unset the variable.")]
    [InlineData(
        "AZURE_CLIENT_ID", "me", "AZURE_CLIENT_ID is 'me'. Write an id, such as 11111111-2222-3333-4444-555555555555.")]
    [InlineData("AzureWebJobsStorage__accountName", "https://acct",
        "AzureWebJobsStorage__accountName is 'https://acct'. Write only the account's name, 3 to 24 "
            + "lowercase letters and digits.")]
    [InlineData("https_proxy", "http://user:hidden@a b",
        "https_proxy is not usable. Write an address, such as http://proxy.example.com:3128.")]
    [InlineData(
        "HTTP_PROXY", "ftp://proxy",
        "HTTP_PROXY is not usable. Write an address, such as http://proxy.example.com:3128.")]
    [InlineData("NO_PROXY", "\"localhost\"",
        "NO_PROXY is '\"localhost\"'. Write host names with commas between, such as localhost,.example.com.")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4317",
        "OTEL_EXPORTER_OTLP_ENDPOINT is not usable. Write the collector's address, such as http://localhost:4317.")]
    [InlineData("OTEL_EXPORTER_OTLP_PROTOCOL", "http",
        "OTEL_EXPORTER_OTLP_PROTOCOL is 'http'. Write grpc or http/protobuf.")]
    [InlineData("AWS_SECRET_ACCESS_KEY", "@Microsoft.KeyVault(VaultName=v;SecretName=s)",
        "AWS_SECRET_ACCESS_KEY is a Key Vault reference that Azure has not resolved. "
            + "Grant the app's identity Key Vault Secrets User.")]
    public void AnUnusableVariableIsNamedWithItsValueAndWhatToWrite(string name, string value, string fault) =>
        Assert.Equal(fault, Assert.Single(Check((name, value))));

    /// <summary>Every variable and setting that may hold a reference. None is used, and each is named.</summary>
    [Fact]
    public void AReferenceThatAzureHasNotResolvedIsAFaultWhereverItStands()
    {
        const string Reference = "@Microsoft.KeyVault(SecretUri=https://vault.example.com/secrets/one)";
        string[] variables =
        [
            .. Names.Clouds, "AzureWebJobsStorage", "PipelineStorage", "PipelineStorage__accountName",
            "PipelineStorage__blobServiceUri", "PipelineStorage__credential", "PipelineStorage__clientId",
            "APPLICATIONINSIGHTS_CONNECTION_STRING", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_HEADERS",
            "HTTPS_PROXY",
        ];
        // AWS_ROLE_ARN is not read if the SDK itself signs in.
        foreach (var name in variables.Except(["AWS_PROFILE"]))
            Assert.Single(
                FaultsOf(GivenSettings.None, (name, Reference)),
                fault => fault.StartsWith(name + " is ", StringComparison.Ordinal));
        foreach (var setting in SettingsCatalog.Pipeline)
        {
            var (path, variable) = setting.IsList
                ? (setting.Path + ":0", setting.Variable + "__0")
                : (setting.Path, setting.Variable);
            Assert.Contains(
                $"{variable} is a Key Vault reference that Azure has not resolved. Grant the app's identity Key Vault "
                    + "Secrets User.",
                FaultsOf(GivenSettings.None.With(path, variable, Reference)));
        }
    }

    [Fact]
    public void VariablesAreUsableAsTheCloudsDocumentThem() => Assert.Empty(Check(
        ("AWS_REGION", "us-gov-west-1"), ("AWS_DEFAULT_REGION", ""), ("AWS_ACCESS_KEY_ID", "AKIA1234567890"),
        ("AWS_SECRET_ACCESS_KEY", "abc/+=def"), ("AWS_PROFILE", "my profile"), ("AWS_MAX_ATTEMPTS", "3"),
        ("STORAGE_EMULATOR_HOST", "localhost:4443"), (
            "AWS_SHARED_CREDENTIALS_FILE", "/no/such/file"), ("GOOGLE_APPLICATION_CREDENTIALS", ThisFile()),
        ("AZURE_CLIENT_ID", "11111111-2222-3333-4444-555555555555"), ("HTTPS_PROXY", "http://user:pass@proxy:3128"),
        ("http_proxy", "proxy.example.com:3128"), ("ALL_PROXY", "socks5://127.0.0.1:1080"),
        ("NO_PROXY", "localhost,.example.com"), ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector.example.com:4318"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")));

    [Fact]
    public void AllErrorsOfAllKindsAreReportedAtOnceAndNoneTwice()
    {
        var given = GivenSettings.None
            .With("Pipeline:Collect:MaxDepth", "Pipeline__Collect__MaxDepth", "abc")
            .With("Pipeline:Guards:MaxUrlsPerList", "--max-urls", "0")
            .With("Pipeline:Colect:MaxRatio", "Pipeline__Colect__MaxRatio", "1")
            .With("Pipeline:Guards:RefusedDomains", "Pipeline__Guards__RefusedDomains", "a.example")
            .With("Runner:Visibility", "Runner__Visibility", "5");
        var variables = new Dictionary<string, string>
        {
            ["AWS_REGION"] = "'x'", ["AWS_ENDPOINT_URL"] = "s3", ["AzureWebJobsStorage"] = "nonsense",
            ["AzureWebJobsStorage__credential"] = "me", ["AzureWebJobsStorage__blobServiceUri"] = "blob",
        };
        var faults = new List<string>();

        HostSettings.Read(given, variables.GetValueOrDefault, _ => { }, faults);

        Assert.Equal(
        [
            "Pipeline__Guards__RefusedDomains is a list. Give each of its values a number: "
                + "Pipeline__Guards__RefusedDomains__0, Pipeline__Guards__RefusedDomains__1.",
            "Pipeline__Collect__MaxDepth is 'abc'. Write a whole number from 1 to 1,000, such as 256.",
            "Pipeline__Colect__MaxRatio is not a setting. Did you mean Pipeline__Collect__MaxRatio?",
            "NIMBLE_API_KEY is not set. Set it to the key of your Nimble account.",
            "--max-urls is '0'. Write a whole number from 1 up, such as 1000.",
            "Runner__Visibility is '5'. Write a time as [days.]hours:minutes:seconds from 00:00:01 to "
                + "1.00:00:00, such as 00:02:00.",
            "AWS_ENDPOINT_URL is 's3'. Write an http or https address, such as https://s3.example.com.",
            "AzureWebJobsStorage__blobServiceUri is 'blob'. Write an http or https address, or leave it out.",
            "AzureWebJobsStorage__credential is 'me'. Write managedidentity, workloadidentity or "
                + "azurecli, or leave it out.",
            "AWS_REGION is ''x''. Write a region, such as eu-west-1.",
            "AzureWebJobsStorage is not a storage connection string. Copy it from the account's access keys, "
                + "or set AzureWebJobsStorage__accountName.",
        ], faults);
    }

    [Theory]
    [InlineData("my account")]
    [InlineData("a^b")]
    public void AnAccountNameThatMakesNoAddressIsAFaultToo(string name) =>
        Assert.Contains(
            $"AzureWebJobsStorage__accountName is '{name}'. Write only the account's name, 3 to 24 lowercase letters "
                + "and digits.",
            FaultsOf(GivenSettings.None, ("AzureWebJobsStorage__accountName", name)));

    private static List<string> FaultsOf(GivenSettings given, params IEnumerable<(string Name, string Value)> variables)
    {
        var values = variables.ToDictionary(v => v.Name, v => v.Value);
        var faults = new List<string>();
        HostSettings.Read(given, values.GetValueOrDefault, _ => { }, faults);
        return faults;
    }

    private static string ThisFile([System.Runtime.CompilerServices.CallerFilePath] string path = "") => path;

    private static IReadOnlyList<string> Check(params IEnumerable<(string Name, string Value)> variables)
    {
        var values = variables.ToDictionary(v => v.Name, v => v.Value);
        return [.. EnvironmentRules.Check(values.GetValueOrDefault)];
    }
}

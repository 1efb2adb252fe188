using System.Text.Json;
using System.Text.RegularExpressions;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Infra;

/// <summary>infra/aws/results-bucket.yaml as CloudFormation would read it. Bicep parses the YAML.</summary>
public sealed partial class AwsTemplateTests
{
    private static readonly Lazy<Task<JsonElement>> Template = new(ReadAsync);

    private static readonly Dictionary<string, string> Values = new()
    {
        ["AWS::AccountId"] = "111111111111",
        ["AWS::Partition"] = "aws",
        ["Bucket"] = "my-results",
        ["Prefix"] = "results/",
        ["Provider"] = "arn:aws:iam::111111111111:oidc-provider/sts.windows.net/t/",
        ["TenantId"] = "00000000-0000-0000-0000-000000000001",
        ["IdentityPrincipalId"] = "00000000-0000-0000-0000-000000000002",
        ["Audience"] = "api://pipeline-results",
        ["NimbleWriterArn"] = "arn:aws:iam::744254827463:user/webit-uploader",
    };

    [Fact]
    public async Task EveryReferenceExists()
    {
        var template = await Template.Value;
        string[] pseudo = ["AWS::AccountId", "AWS::NoValue", "AWS::Partition", "AWS::Region", "AWS::URLSuffix"];
        var names = template.GetProperty("Parameters").EnumerateObject().Concat(
            template.GetProperty("Resources").EnumerateObject()).Select(p => p.Name).Concat(pseudo).ToList();
        var conditions = template.GetProperty("Conditions").EnumerateObject().Select(p => p.Name).ToList();
        var used = new HashSet<string>();
        Walk(template, (key, value) =>
        {
            if (key == "Ref")
                used.Add(value.GetString()!);
            if (key == "Fn::GetAtt")
                Assert.Contains(value[0].GetString(), names);
            if (key == "Fn::If" || (key == "Condition" && value.ValueKind == JsonValueKind.String))
                Assert.Contains(key == "Fn::If" ? value[0].GetString() : value.GetString(), conditions);
            if (key == "Fn::Sub")
                used.UnionWith(References(value));
        });
        Assert.Empty(used.Except(names));
        Assert.Empty(template.GetProperty("Parameters").EnumerateObject().Select(p => p.Name).Except(used));
        foreach (var parameter in template.GetProperty("Parameters").EnumerateObject())
            Assert.NotEqual("", parameter.Value.GetProperty("Description").GetString());
    }

    [Fact]
    public async Task OnlyTheAppsOwnIdentityIsTrusted()
    {
        var trust = JsonElement.Parse(
            Substitute((await ResourceAsync("ReaderRole", "AWS::IAM::Role")).GetProperty("AssumeRolePolicyDocument")));
        var statement = Assert.Single(trust.GetProperty("Statement").EnumerateArray());
        Assert.Equal("sts:AssumeRoleWithWebIdentity", statement.GetProperty("Action").GetString());
        Assert.Equal(Values["Provider"], statement.GetProperty("Principal").GetProperty("Federated").GetString());
        var equal = Assert.Single(statement.GetProperty("Condition").EnumerateObject());
        Assert.Equal("StringEquals", equal.Name);
        var issuer = $"sts.windows.net/{Values["TenantId"]}/";
        Assert.Equal(
            new Dictionary<string, string>
            {
                [$"{issuer}:aud"] = Values["Audience"],
                [$"{issuer}:sub"] = Values["IdentityPrincipalId"],
            },
            equal.Value.Deserialize<Dictionary<string, string>>());
        var provider = await ResourceAsync("OidcProvider", "AWS::IAM::OIDCProvider");
        Assert.Equal($"https://{issuer}", Substitute(provider.GetProperty("Url")));
        Assert.Equal("Audience", provider.GetProperty("ClientIdList")[0].GetProperty("Ref").GetString());
    }

    [Fact]
    public async Task NimbleMayOnlyWriteBelowThePrefix()
    {
        var policy = (
            await ResourceAsync(
                "BucketPolicy",
                "AWS::S3::BucketPolicy")).GetProperty("PolicyDocument").GetProperty("Statement").EnumerateArray()
                    .Where(s => s.TryGetProperty("Sid", out _))
                    .ToList();
        var granted = policy.Where(s => s.GetProperty("Effect").GetString() == "Allow").ToList();
        Assert.All(
            granted,
            s =>
                Assert.Equal(
                    "NimbleWriterArn", s.GetProperty("Principal").GetProperty("AWS").GetProperty("Ref").GetString()));
        Assert.Equal(
            [
                "arn:aws:s3:::my-results s3:GetBucketLocation", "arn:aws:s3:::my-results/results/* s3:PutObject",
                "arn:aws:s3:::my-results/results/* s3:PutObjectAcl"],
            granted.SelectMany(Grants).Order(StringComparer.Ordinal));
        Assert.Contains(policy, s => s.GetProperty("Effect").GetString() == "Deny"
            && s.GetProperty("Condition")
                .GetProperty("Bool")
                .GetProperty("aws:SecureTransport")
                .GetString() == "false");
    }

    /// <summary>If the writer owned its objects, an object without that ACL could not be read.</summary>
    [Fact]
    public async Task ObjectsThatOnlyTheirWriterCouldReadAreRefused()
    {
        var choice = (await ResourceAsync("BucketPolicy", "AWS::S3::BucketPolicy"))
            .GetProperty("PolicyDocument").GetProperty("Statement").EnumerateArray()
            .Single(s => s.TryGetProperty("Fn::If", out _)).GetProperty("Fn::If");
        Assert.Equal("WriterOwnsObjects", choice[0].GetString());
        Assert.Equal("Deny", choice[1].GetProperty("Effect").GetString());
        Assert.Equal(
            "bucket-owner-full-control",
            choice[1].GetProperty("Condition").GetProperty("StringNotEquals").GetProperty("s3:x-amz-acl").GetString());
    }

    [Fact]
    public async Task ThePipelineMayReadAndList()
    {
        var policy = Assert.Single(
            (await ResourceAsync("ReaderRole", "AWS::IAM::Role")).GetProperty("Policies").EnumerateArray());
        var statements = policy.GetProperty("PolicyDocument").GetProperty("Statement").EnumerateArray().Where(
            s => s.TryGetProperty("Sid", out _));
        Assert.Equal(
            ["arn:aws:s3:::my-results s3:ListBucket", "arn:aws:s3:::my-results/results/* s3:GetObject"],
            statements.SelectMany(Grants).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task ANewKeyIsForNimblesWriterAndForWhomTheAccountAllows()
    {
        var policy = (
            await ResourceAsync(
                "Key", "AWS::KMS::Key")).GetProperty("KeyPolicy").GetProperty("Statement").EnumerateArray().ToList();
        Assert.Equal(["Account", "NimbleEncrypts"], policy.Select(s => s.GetProperty("Sid").GetString()));
        Assert.Equal(
            "arn:aws:iam::111111111111:root", Substitute(policy[0].GetProperty("Principal").GetProperty("AWS")));
        Assert.Equal(
            "NimbleWriterArn", policy[1].GetProperty("Principal").GetProperty("AWS").GetProperty("Ref").GetString());
        Assert.Equal(
            ["kms:Decrypt", "kms:GenerateDataKey*"],
            policy[1].GetProperty("Action").EnumerateArray().Select(a => a.GetString()));
        Assert.Equal(
            ["kms:ViaService", "kms:CallerAccount"],
            policy[1].GetProperty("Condition").GetProperty("StringEquals").EnumerateObject().Select(c => c.Name));
        var key = (await Template.Value).GetProperty("Resources").GetProperty("Key");
        Assert.Equal(
            ("MakesKmsKey", "Retain"),
            (key.GetProperty("Condition").GetString(), key.GetProperty("DeletionPolicy").GetString()));
    }

    [Fact]
    public async Task TheReaderMayDecryptOnlyWithTheKeyOfTheBucketIfAny()
    {
        const string Key = """{"Fn::If":["MakesKmsKey",{"Fn::GetAtt":["Key","Arn"]},""";
        var policy = Assert.Single(
            (await ResourceAsync("ReaderRole", "AWS::IAM::Role")).GetProperty("Policies").EnumerateArray());
        var decrypt = policy.GetProperty("PolicyDocument").GetProperty("Statement").EnumerateArray().Single(
            s => s.TryGetProperty("Fn::If", out _)).GetProperty("Fn::If");
        Assert.Equal(
            ("HasKmsKey", "kms:Decrypt"), (decrypt[0].GetString(), decrypt[1].GetProperty("Action").GetString()));
        Assert.StartsWith(Key, Compact(decrypt[1].GetProperty("Resource")), StringComparison.Ordinal);
        Assert.Equal(
            ["kms:ViaService"],
            decrypt[1].GetProperty("Condition").GetProperty("StringEquals").EnumerateObject().Select(c => c.Name));
        var encryption = (await ResourceAsync("Bucket", "AWS::S3::Bucket"))
            .GetProperty("BucketEncryption")
            .GetProperty("ServerSideEncryptionConfiguration")[0];
        Assert.StartsWith(
            Key, Compact(encryption.GetProperty("ServerSideEncryptionByDefault").GetProperty("KMSMasterKeyID")),
            StringComparison.Ordinal);

        static string Compact(JsonElement element) => JsonSerializer.Serialize(element);
    }

    [Fact]
    public async Task TheBucketIsClosedAndOutlivesItsStack()
    {
        var template = await Template.Value;
        Assert.Equal(
            "Retain",
            template.GetProperty("Resources").GetProperty("Bucket").GetProperty("DeletionPolicy").GetString());
        var bucket = await ResourceAsync("Bucket", "AWS::S3::Bucket");
        Assert.All(
            bucket.GetProperty("PublicAccessBlockConfiguration").EnumerateObject(),
            p => Assert.True(p.Value.GetBoolean()));
        Assert.Equal(4, bucket.GetProperty("PublicAccessBlockConfiguration").EnumerateObject().Count());
        Assert.Equal(
            ["Region", "RoleArn", "StorageUrl"],
            template.GetProperty("Outputs").EnumerateObject().Select(o => o.Name).Order());
        Assert.Equal(
            "s3://my-results/results/",
            Substitute(template.GetProperty("Outputs").GetProperty("StorageUrl").GetProperty("Value")));
    }

    /// <summary>Older versions and delete markers expire even after versioning is turned off.</summary>
    [Fact]
    public async Task OlderVersionsExpireWhetherOrNotNewOnesAreKept()
    {
        var rules = (await ResourceAsync("Bucket", "AWS::S3::Bucket"))
            .GetProperty("LifecycleConfiguration").GetProperty("Rules").EnumerateArray().ToList();
        Assert.Equal(
            ["delete-results", "delete-versions", "abort-uploads"], rules.Select(r => r.GetProperty("Id").GetString()));
        Assert.True(rules[1].TryGetProperty("NoncurrentVersionExpiration", out var days));
        Assert.Equal("RetentionDays", days.GetProperty("NoncurrentDays").GetProperty("Ref").GetString());
        Assert.True(rules[1].GetProperty("ExpiredObjectDeleteMarker").GetBoolean());
    }

    private static async Task<JsonElement> ReadAsync()
    {
        using var folder = new TempFolder();
        File.Copy(Path.Combine(Repository.Root, "infra", "aws", "results-bucket.yaml"), folder["template.yaml"]);
        await File.WriteAllTextAsync(
            folder["read.bicep"], "output template object = loadYamlContent('template.yaml')",
            TestContext.Current.CancellationToken);
        Assert.Equal(new(0, ""), await Bicep.BuildAsync(folder["read.bicep"], folder.Path));
        var compiled = JsonElement.Parse(
            await File.ReadAllTextAsync(folder["read.json"], TestContext.Current.CancellationToken));
        // Bicep doubles the opening bracket of a string that looks like an expression.
        return JsonElement.Parse(
            compiled.GetProperty("variables").GetProperty("$fxv#0").GetRawText().Replace(
                "\"[[", "\"[", StringComparison.Ordinal));
    }

    private static async Task<JsonElement> ResourceAsync(string name, string type)
    {
        var resource = (await Template.Value).GetProperty("Resources").GetProperty(name);
        Assert.Equal(type, resource.GetProperty("Type").GetString());
        return resource.GetProperty("Properties");
    }

    private static IEnumerable<string> Grants(JsonElement statement)
    {
        var actions = statement.GetProperty("Action");
        var resource = Substitute(statement.GetProperty("Resource"));
        return actions.ValueKind == JsonValueKind.Array
            ? actions.EnumerateArray().Select(a => $"{resource} {a}")
            : [$"{resource} {actions}"];
    }

    private static string Substitute(JsonElement element)
    {
        var sub = element.GetProperty("Fn::Sub");
        var text = sub.ValueKind == JsonValueKind.Array ? sub[0].GetString()! : sub.GetString()!;
        return Variable().Replace(text, m => Values[m.Groups[1].Value]);
    }

    private static IEnumerable<string> References(JsonElement sub)
    {
        var isArray = sub.ValueKind == JsonValueKind.Array;
        var own = isArray ? sub[1].EnumerateObject().Select(p => p.Name).ToList() : [];
        return Variable().Matches((isArray ? sub[0] : sub).GetString()!).Select(m => m.Groups[1].Value).Except(own);
    }

    private static void Walk(JsonElement element, Action<string, JsonElement> visit)
    {
        if (element.ValueKind == JsonValueKind.Array)
            foreach (var item in element.EnumerateArray())
                Walk(item, visit);
        if (element.ValueKind == JsonValueKind.Object)
            foreach (var property in element.EnumerateObject())
            {
                visit(property.Name, property.Value);
                Walk(property.Value, visit);
            }
    }

    [GeneratedRegex(@"\$\{([\w:]+)\}")]
    private static partial Regex Variable();
}

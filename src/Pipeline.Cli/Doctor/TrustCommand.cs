using System.CommandLine;
using System.Text.RegularExpressions;
using Pipeline.Model;

namespace Pipeline.Cli.Doctor;

/// <summary>
/// <c>pipeline doctor trust</c>: prints the command that creates the bucket and lets Nimble write and the app's
/// identity read it.
/// </summary>
internal static partial class TrustCommand
{
    private static readonly Option<string> StorageUrl = new("--storage-url")
    {
        Description = "s3://bucket/prefix/ or gs://bucket/prefix/.",
        HelpName = "URL",
        Required = true,
    };
    private static readonly Option<string> Tenant = new("--tenant")
    {
        Description = "Id of the Entra tenant (output TENANT_ID of the Azure deployment).",
        HelpName = "ID",
        Required = true,
    };
    private static readonly Option<string> Principal = new("--principal")
    {
        Description = "Principal id of the app's identity (output IDENTITY_PRINCIPAL_ID).",
        HelpName = "ID",
        Required = true,
    };
    private static readonly Option<string> Audience = new("--audience")
    {
        Description = "Application id URI of an app registration of the tenant.",
        HelpName = "URI",
        Required = true,
    };
    private static readonly Option<string?> Project = new("--project")
    {
        Description = "Id of the Google Cloud project; only for gs://.",
        HelpName = "ID",
    };

    public static Command Create()
    {
        var command = new Command(
            "trust",
            "Print the command that lets the app's identity read the bucket in AWS or Google Cloud.") { StorageUrl,
            Tenant, Principal, Audience, Project };
        command.SetAction(async (parsed, _) =>
        {
            await Console.Out.WriteLineAsync(Compose(
                ObjectUri.Parse(parsed.GetValue(StorageUrl)!), parsed.GetValue(Tenant)!, parsed.GetValue(Principal)!,
                parsed.GetValue(Audience)!, parsed.GetValue(Project)));
            return ExitCodes.Complete;
        });
        return command;
    }

    private static string Compose(ObjectUri bucket, string tenant, string principal, string audience, string? project)
    {
        Require(
            Id().IsMatch(tenant), $"--tenant '{tenant}' is not an id such as 11111111-2222-3333-4444-555555555555.");
        Require(
            Id().IsMatch(principal),
            $"--principal '{principal}' is not an id such as 11111111-2222-3333-4444-555555555555.");
        Require(
            Plain().IsMatch(audience), $"--audience '{audience}' is not an application id URI such as api://APP_ID.");
        Require(
            Prefix().IsMatch(bucket.Key),
            $"The prefix '{bucket.Key}' must end in a slash and have only letters, digits, '_', '.', '-'.");
        var values = $"# issuer https://sts.windows.net/{tenant}/, audience {audience}, subject {principal}\n";
        switch (bucket.Scheme)
        {
            case "s3":
                return values
                    + "# Nimble writes as arn:aws:iam::744254827463:user/webit-uploader\n"
                    + "aws cloudformation deploy --stack-name pipeline-results --template-file "
                    + "infra/aws/results-bucket.yaml --capabilities CAPABILITY_IAM --parameter-overrides \\\n"
                    + $"  BucketName={bucket.Bucket} Prefix={bucket.Key} TenantId={tenant} "
                    + $"IdentityPrincipalId={principal} Audience={audience}\n"
                    + $"# then, by azd env set, AZURE_TOKEN_AUDIENCE={audience}, and AWS_ROLE_ARN and AWS_REGION as "
                    + "the stack's outputs RoleArn and Region";
            case "gs":
                Require(project is not null
                    && Plain().IsMatch(project), "A gs:// bucket needs --project, the id of the Google Cloud project.");
                return values
                    + "# Nimble writes as nimbleway-gcp-storage@nimbleway-gcp.iam.gserviceaccount.com\n"
                    + $"PREFIX={bucket.Key} infra/gcp/results-bucket.sh {project} {bucket.Bucket} {tenant} "
                    + $"{principal} {audience}\n"
                    + $"# then, by azd env set, AZURE_TOKEN_AUDIENCE={audience}, and "
                    + "GOOGLE_WORKLOAD_PROVIDER as the printed provider";
            default:
                throw PipelineException.Permanent(
                    FailureReasons.InvalidConfiguration,
                    $"--storage-url '{bucket}' must be an s3:// or gs:// address.");
        }
    }

    private static void Require(bool holds, string message)
    {
        if (!holds)
            throw PipelineException.Permanent(FailureReasons.InvalidConfiguration, message);
    }

    [GeneratedRegex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
    private static partial Regex Id();

    [GeneratedRegex("^[A-Za-z0-9:/._-]+$")]
    private static partial Regex Plain();

    [GeneratedRegex("^([A-Za-z0-9_.-]+/)+$")]
    private static partial Regex Prefix();
}

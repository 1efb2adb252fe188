using Pipeline.Cli;
using Pipeline.Model;
using Pipeline.Stores.S3;

namespace Pipeline.Tests.Cli;

/// <summary>What an operator is told to do about a service that is down, and about unusable credentials.</summary>
public sealed class CommandFaultTests
{
    [Theory]
    [InlineData("status --out results", "pipeline doctor")]
    [InlineData(
        "run urls.txt --api http://127.0.0.1:9/ --storage-url s3://b/p/",
        "pipeline doctor --api http://127.0.0.1:9/ --storage-url s3://b/p/")]
    public void AServiceThatIsDownIsAskedByACommandThatCanBePasted(string line, string doctor)
    {
        var problem = PipelineException.Transient(FailureReasons.Unavailable, "The table 'ledgerdue' is unreachable.");
        Assert.Equal(
            $" Check the network and the address, then run the same command again. '{doctor}' asks each service.",
            CommandFaults.Advice(problem, CommandLine.CreateRoot().Parse(line.Split(' '))));
        Assert.Empty(CommandLine.CreateRoot().Parse(doctor.Split(' ')[1..]).Errors);
    }

    [Fact]
    public void AFaultThatDoesNotPassOrSaysItselfWhatToDoGetsNoOtherAdvice()
    {
        var parsed = CommandLine.CreateRoot().Parse(["status"]);
        var refused = PipelineException.Permanent(FailureReasons.AccessDenied, "No.");
        var known = PipelineException.Transient(FailureReasons.Unavailable, "It is gone. Run the same command again.");
        Assert.Equal("", CommandFaults.Advice(refused, parsed) + CommandFaults.Advice(known, parsed));
    }

    [Theory]
    [InlineData("AWS_ACCESS_KEY_ID=a", "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not. Set both.")]
    [InlineData("AWS_SECRET_ACCESS_KEY=a", "AWS_SECRET_ACCESS_KEY is set, but AWS_ACCESS_KEY_ID is not. Set both.")]
    [InlineData(
        "AWS_PROFILE=shops",
        "AWS_PROFILE is 'shops', and neither ~/.aws/credentials nor ~/.aws/config has usable credentials of that name. "
            + "Correct the name ('aws configure list-profiles' shows them), or unset the variable.")]
    [InlineData(
        "AWS_PROFILE=shops;AWS_SHARED_CREDENTIALS_FILE=/keys;AWS_CONFIG_FILE=/config",
        "AWS_PROFILE is 'shops', and neither /keys nor /config has usable credentials of that name. "
            + "Correct the name ('aws configure list-profiles' shows them), or unset the variable.")]
    [InlineData("", "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the host a role.")]
    public void UnusableAwsVariablesAreNamed(string variables, string advice)
    {
        var set = variables.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('='))
            .ToDictionary(pair => pair[0], pair => pair[1]);
        Assert.Equal(advice, S3Errors.CredentialAdvice(set.GetValueOrDefault));
    }

    [Theory]
    [InlineData("AWS_PROFILE", "shops-of-nobody")]
    [InlineData("AWS_ACCESS_KEY_ID", "AKIA1")]
    public async Task TheVariableOfUnusableAwsCredentialsIsNamedByTheCommand(string name, string value)
    {
        var (_, output, _) = await Support.CliProcess.RunAsync(
            ["doctor", "--api", "http://127.0.0.1:9/", "--storage-url", "s3://bucket/p/"], (name, value),
            ("AWS_EC2_METADATA_DISABLED", "true"), ("NIMBLE_API_KEY", "k"));
        Assert.Matches($"(?m)^bucket +failed +There are no AWS credentials for s3://bucket/p/\\. {name} is ", output);
    }
}

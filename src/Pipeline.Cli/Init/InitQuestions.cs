using Spectre.Console;

namespace Pipeline.Cli.Init;

/// <summary>Asks a person at a terminal. Keys are not shown while they are typed.</summary>
internal sealed class InitQuestions(IAnsiConsole console)
{
    /// <summary>Asks for what is not given yet.</summary>
    public async Task AskAsync(IDictionary<string, string> given, CancellationToken cancellationToken)
    {
        await AskAsync(given, InitVariables.Key, "Nimble API key (not shown)", cancellationToken, isSecret: true);
        await AskAsync(
            given, InitVariables.StorageUrl,
            "Bucket for results, s3://bucket/prefix/ or gs://bucket/prefix/ (Enter: read results from the API)",
            cancellationToken);
        await AskForBucketAsync(given, cancellationToken);
        await AskAsync(
            given, InitVariables.CallbackBase,
            "Public https address that Nimble calls when results are there (Enter: ask the API for them)",
            cancellationToken);
        await AskAsync(
            given, InitVariables.Price, "Price of one URL, for estimated costs (Enter: unknown)", cancellationToken);
    }

    /// <summary>Asks a question that is answered by yes or no; Enter is no.</summary>
    public Task<bool> ConfirmAsync(string question, CancellationToken cancellationToken) =>
        new ConfirmationPrompt(Markup.Escape(question)) { DefaultValue = false }.ShowAsync(console, cancellationToken);

    private async Task AskForBucketAsync(IDictionary<string, string> given, CancellationToken cancellationToken)
    {
        var bucket = given.TryGetValue(InitVariables.StorageUrl, out var url) ? url : "";
        if (bucket.StartsWith("gs:", StringComparison.OrdinalIgnoreCase))
            await AskAsync(
                given, InitVariables.GoogleFile, "Google credentials file (Enter: those of this machine)",
                cancellationToken);
        if (!bucket.StartsWith("s3:", StringComparison.OrdinalIgnoreCase))
            return;
        await AskAsync(
            given, InitVariables.AwsRegion, "AWS region of the bucket, such as eu-west-1", cancellationToken);
        await AskAsync(
            given, InitVariables.AwsKeyId, "AWS access key id (Enter: the credentials of this machine)",
            cancellationToken);
        if (given.ContainsKey(InitVariables.AwsKeyId))
            await AskAsync(
                given, InitVariables.AwsSecret, "AWS secret access key (not shown)", cancellationToken, isSecret: true);
    }

    private async Task AskAsync(
        IDictionary<string, string> given, string name, string question, CancellationToken cancellationToken,
        bool isSecret = false)
    {
        if (given.ContainsKey(name))
            return;
        var prompt = new TextPrompt<string>($"{Markup.Escape(question)}:") { AllowEmpty = true };
        if (isSecret)
            prompt = prompt.Secret(mask: null);
        if ((await prompt.ShowAsync(console, cancellationToken)).Trim() is { Length: > 0 } answer)
            given[name] = answer;
    }
}

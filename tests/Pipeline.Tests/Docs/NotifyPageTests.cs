using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Pipeline.Notify;
using Pipeline.Options;
using Pipeline.Tests.Support;
using StandardWebhooks;
using StandardWebhooks.Diagnostics;

namespace Pipeline.Tests.Docs;

/// <summary>The receiver code in docs/notify.md accepts what we send and rejects everything else.</summary>
public sealed partial class NotifyPageTests
{
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private const string Newer = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    private static readonly string Page = Repository.Read("docs/notify.md");

    [Fact]
    public void TheCSharpOfThePageIsTheCodeThatIsTestedHere()
    {
        static string Plain(string code) => Blanks().Replace(code, " ").Trim();
        var source = Repository.Read("tests/Pipeline.Tests/Docs/NotifyPageTests.cs");

        Assert.Contains(Plain(Block("csharp")), Plain(source), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheCSharpOfThePageVerifies()
    {
        var answers = new List<int>();
        await using var server = await TestServer.StartAsync(async context =>
        {
            context.Request.Body = new MemoryStream(
                ((SeenRequest)context.Items[typeof(SeenRequest)]!).Body);
            var answer = await ReceiveAsync(context.Request, Secret);
            answers.Add(((IStatusCodeHttpResult)answer).StatusCode!.Value);
        });

        await PostAsync(server, Secret);
        await PostAsync(server, Newer);

        Assert.Equal([200, 401], answers);
    }

    [Theory]
    [InlineData(Secret, "True False")]
    [InlineData(Newer, "True False")]
    [InlineData("AAAA", "False False")]
    public async Task ThePythonOfThePageVerifiesEachOfSeveralSecrets(string secret, string expected)
    {
        await using var server = await TestServer.StartAsync(TestServer.Json(""));
        await PostAsync(server, $"{Secret} {Newer}");
        var request = Assert.Single(server.Seen);
        using var folder = new TempFolder();
        await File.WriteAllBytesAsync(folder["body"], request.Body, TestContext.Current.CancellationToken);
        var headers = string.Join(", ", request.Headers
            .Where(h => h.Key.StartsWith("webhook", StringComparison.Ordinal))
            .Select(h => $"'{h.Key}': '{h.Value}'"));
        var script = $"{Block("python")}\nbody = open('body', 'rb').read()\nheaders = {{{headers}}}\n"
            + $"print(verify(headers, body, '{secret}'), verify(headers, body + b' ', '{secret}'))\n";

        var (_, output, error) = await Programs.RunAsync(
            new("python3", ["-c", script]) { WorkingDirectory = folder.Path });

        Assert.Equal(expected, output.Trim() + error);
    }

    private static async Task<IResult> ReceiveAsync(HttpRequest request, string secret)
    {
        var body = await new StreamReader(request.Body).ReadToEndAsync();
        try
        {
            new StandardWebhook(secret).Verify(body, request.Headers);
        }
        catch (WebhookVerificationException)
        {
            return Results.Unauthorized();
        }
        return Results.Ok();
    }

    private static Task PostAsync(TestServer server, string secrets) =>
        new Receiver(
            new HttpClient(),
            Microsoft.Extensions.Options.Options.Create(
                new PipelineOptions { Notify = { Url = server.Address.AbsoluteUri, Secret = secrets } }),
            TimeProvider.System)
            .PostAsync(Events.Test(TimeProvider.System.GetUtcNow()), TestContext.Current.CancellationToken);

    private static string Block(string language) => Page.Split($"```{language}\n")[1].Split("```")[0];

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}

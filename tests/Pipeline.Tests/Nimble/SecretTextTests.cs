using System.Text;
using Pipeline.Delivery;
using Pipeline.Nimble;
using Pipeline.Nimble.Replies;
using Pipeline.Options;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Nimble;

/// <summary>
/// API keys and callback tokens are removed from the API's messages, in whatever form it repeats them.
/// </summary>
[Trait("Promise", "6")]
public sealed class SecretTextTests
{
    private const string Key = "SecretKey/with+signs";
    private static readonly string Callback = MakeCallback();
    private static readonly string CallbackToken = Callback[^43..];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static TheoryData<string, string> Forms => new()
    {
        { "plain", $"no {Key} at {Callback}" },
        { "slashes escaped", $"no {Key} at {Callback}".Replace("/", "\\/", StringComparison.Ordinal) },
        { "slashes as \\u002f", $"no {Key} at {Callback}".Replace("/", "\\u002f", StringComparison.Ordinal) },
        { "slashes as %2F", $"no {Key} at {Callback}".Replace("/", "%2F", StringComparison.Ordinal) },
        { "slashes as %252F", $"no {Key} at {Callback}".Replace("/", "%252F", StringComparison.Ordinal) },
        { "escaped whole", $"no {Uri.EscapeDataString(Key)} at "
            + $"{Uri.EscapeDataString(Uri.EscapeDataString(Callback))}" },
        { "doubled slashes", $"no {Key} at {Callback}".Replace("callbacks/", "callbacks//", StringComparison.Ordinal) },
        { "letters as \\u", string.Concat($"no {Key} at {Callback}".Select(c => $"\\u{(int)c:x4}")) },
        { "letters as \\\\u", string.Concat($"no {Key} at {Callback}".Select(c => $"\\\\u{(int)c:x4}")) },
        { "the token alone", $"no {Key}, token {CallbackToken}." },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public void EachFormIsRemovedAndTheRestStays(string form, string text)
    {
        var clean = new SecretText(Key).Clean($"before {text} after 8e8cfde8-345b-42b8-b3e2-0c61eb11e00f");
        AssertClean(clean, form);
        Assert.StartsWith("before ", clean, StringComparison.Ordinal);
        Assert.EndsWith(" after 8e8cfde8-345b-42b8-b3e2-0c61eb11e00f", clean, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task ARefusalAndATasksErrorAreCleaned(string form, string text)
    {
        var quoted = System.Text.Json.JsonSerializer.Serialize(text);
        await using var server = await TestServer.StartAsync(context => context.Request.Method == "POST"
            ? TestServer.Json(
                $$"""{"msg":{{quoted}},"details":{"schema_validation_errors":[{{quoted}}]} }""", 400)(context)
            : TestServer.Json(
                $$"""{"task":{"id":"t-1","state":"error","error":{{quoted}},"error_type":{{quoted}} } }""")(context));
        await using var rig = NimbleRig.At(server.Address, change: o => o.ApiKey = Key);
        var refused = Assert.IsType<PostOutcome.Refused>(await rig.Client.PostBatchAsync("{}"u8.ToArray(), Ct));
        var task = await rig.Client.GetTaskAsync("s-1", "t-1", Ct);
        AssertClean(refused.Message + task!.Error + task.ErrorType + string.Concat(rig.Logs.Lines), form);
    }

    [Fact]
    public void LongTextIsCutWithoutSplittingASecretOrASurrogatePair()
    {
        var text = new string('x', 990) + Key + string.Concat(Enumerable.Repeat("😀", 20_000));
        var clean = new SecretText(Key).Clean(text);
        AssertClean(clean, "long");
        Assert.InRange(clean.Length, 900, 1001);
        Assert.Equal(clean, Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(clean)));
    }

    private static void AssertClean(string text, string form)
    {
        foreach (var secret in (string[])[Key, CallbackToken])
        {
            Assert.False(text.Contains(secret, StringComparison.Ordinal), form);
            Assert.False(
                Uri.UnescapeDataString(Uri.UnescapeDataString(text)).Contains(secret, StringComparison.Ordinal), form);
            Assert.False(
                text.Contains(
                    string.Concat(secret.Skip(4).Take(6).Select(c => $"\\u{(int)c:x4}")), StringComparison.Ordinal),
                form);
        }
    }

    private static string MakeCallback()
    {
        var options = new PipelineOptions();
        options.Delivery.CallbackBase = new("https://hooks.test");
        options.Delivery.CallbackKeys.Add(Convert.ToBase64String(new byte[32]));
        return new CallbackTokens(
            Microsoft.Extensions.Options.Options.Create(options)).UrlFor("list-000000")!.AbsoluteUri;
    }
}

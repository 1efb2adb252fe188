using System.Net;

namespace Pipeline.Tests.Dashboard;

/// <summary>After giving the key, a user gets the page that was requested, and can end the session.</summary>
public sealed class SessionTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("lists/list?reason=x", "/lists/list?reason=x")]
    [InlineData("", "/")]
    [InlineData("/evil.example", "/evil.example")]
    [InlineData("//evil.example/x", "/evil.example/x")]
    [InlineData("/\\evil.example", "/evil.example")]
    [InlineData("https://evil.example", "/https://evil.example")]
    [InlineData("x\r\nSet-Cookie: a=b", "/")]
    public async Task SigningInLeadsToAPageOfThisSite(string to, string address)
    {
        await using var api = await ApiWorld.StartAsync();
        Assert.Equal(address, await SignInAsync(api, to));
    }

    [Fact]
    public async Task ThePageThatWasAskedForIsRemembered()
    {
        await using var api = await ApiWorld.StartAsync();

        var page = await ReadAsync(await api.Client.GetAsync("/lists/a%20b?x=1%262", Token));

        Assert.Contains("name=\"to\" value=\"lists/a%20b?x=1%262\"", page);
    }

    [Fact]
    public async Task AFormOfASessionThatHasEndedDoesNothingAndSaysSo()
    {
        await using var api = await ApiWorld.StartAsync();
        await api.World.PlanAsync(3);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/lists/list/pause");
        request.Headers.Referrer = new(api.Client.BaseAddress!, "/lists/list");

        using var answer = await api.Client.SendAsync(request, Token);
        var page = await answer.Content.ReadAsStringAsync(Token);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Contains("Your session has ended, so nothing was done.", page);
        Assert.Contains("name=\"to\" value=\"lists/list\"", page);
    }

    [Fact]
    public async Task SigningOutEndsTheSession()
    {
        await using var api = await ApiWorld.StartAsync();
        await SignInAsync(api, "");
        Assert.Contains("Sign out", await api.Client.GetStringAsync("/", Token));

        Assert.Equal("/", await new PageForm(api, "/").LeadsToAsync("/sign-out"));

        using var answer = await api.Client.GetAsync("/", Token);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    private static async Task<string?> SignInAsync(ApiWorld api, string to)
    {
        var page = await ReadAsync(await api.Client.GetAsync("/", Token));
        using var content = new FormUrlEncodedContent(
            [
                new("form_token", page.Split("form_token\" value=\"")[1].Split('"')[0]), new("key", ApiWorld.Key),
                new("to", to),
            ]);
        using var answer = await api.Client.PostAsync("/sign-in", content, Token);
        return answer.Headers.Location?.ToString();
    }

    private static async Task<string> ReadAsync(HttpResponseMessage answer)
    {
        using (answer)
            return await answer.Content.ReadAsStringAsync(Token);
    }
}

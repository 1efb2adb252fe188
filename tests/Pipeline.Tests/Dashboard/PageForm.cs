using System.Net;

namespace Pipeline.Tests.Dashboard;

/// <summary>A page with a form, as a browser sends it.</summary>
internal sealed class PageForm(ApiWorld api, string path)
{
    private string? _token;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Reads the page.</summary>
    public async Task<(HttpStatusCode Status, string Page)> GetAsync()
    {
        using var answer = await api.Client.GetAsync(path, Token);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Token));
    }

    /// <summary>Sends a form with the token of the session.</summary>
    public async Task<(HttpStatusCode Status, string Page)> SendAsync(
        string to, params IEnumerable<(string Name, string Value)> fields)
    {
        using var answer = await PostAsync(to, fields);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Token));
    }

    /// <summary>Sends a form, and returns the address that the answer redirects to.</summary>
    public async Task<string?> LeadsToAsync(string to, params IEnumerable<(string Name, string Value)> fields)
    {
        using var answer = await PostAsync(to, fields);
        return answer.Headers.Location?.ToString();
    }

    private async Task<HttpResponseMessage> PostAsync(string to, IEnumerable<(string Name, string Value)> fields)
    {
        // Each session has one token; the form for lists always contains it.
        _token ??= (await api.Client.GetStringAsync("/submit", Token))
            .Split("form_token\" value=\"")[1].Split('"')[0];
        using var content = new FormUrlEncodedContent(
            fields.Append(("form_token", _token)).Select(field => KeyValuePair.Create(field.Item1, field.Item2)));
        return await api.Client.PostAsync(to, content, Token);
    }
}

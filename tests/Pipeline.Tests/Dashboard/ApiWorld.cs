using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Dashboard;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Tests.Submit;

namespace Pipeline.Tests.Dashboard;

/// <summary>The API as a host serves it, over the state of a <see cref="SubmitWorld"/>.</summary>
internal sealed class ApiWorld : IAsyncDisposable
{
    public const string Key = "0123456789abcdef-key";

    private WebApplication _app = null!;

    public SubmitWorld World { get; private set; } = null!;

    /// <summary>A client that sends the key, if one is set.</summary>
    public HttpClient Client { get; private set; } = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Starts it.</summary>
    /// <param name="key">The key; empty for none.</param>
    /// <param name="change">Changes the settings.</param>
    /// <param name="register">Registers more services.</param>
    /// <param name="map">Maps more endpoints.</param>
    public static async Task<ApiWorld> StartAsync(
        string key = Key, Action<PipelineOptions>? change = null, Action<IServiceCollection>? register = null,
        Action<WebApplication>? map = null)
    {
        var api = new ApiWorld { World = await SubmitWorld.StartAsync() };
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0")
            .ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = 1 << 20);
        builder.Services.AddRoutingCore().AddLogging();
        var folder = ObjectUri.ForFile(api.World.State.StateFolder).AsPrefix();
        await api.World.RegisterAsync(builder.Services, options =>
        {
            options.Dashboard.Key = key;
            options.Intake.SourcePrefixes.Add(folder.ToString());
            change?.Invoke(options);
        });
        builder.Services.AddDashboard(new() { ListFolder = folder, ScheduleFolder = folder, OutFolder = "results" });
        register?.Invoke(builder.Services);
        api._app = builder.Build();
        map?.Invoke(api._app);
        api._app.MapDashboard();
        await api._app.StartAsync(Token);
        api.Client = api.NewClient();
        if (key.Length > 0)
            api.Client.DefaultRequestHeaders.Authorization = new("Bearer", key);
        return api;
    }

    /// <summary>A client without a key.</summary>
    public HttpClient NewClient() => new(new HttpClientHandler { AllowAutoRedirect = false })
    {
        BaseAddress = new(_app.Urls.Single()),
    };

    /// <summary>The services of the host.</summary>
    public IServiceProvider Services => _app.Services;

    public async Task<JsonElement> GetAsync(string path)
    {
        using var answer = await Client.GetAsync(path, Token);
        var text = await answer.Content.ReadAsStringAsync(Token);
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {answer.StatusCode} {text}");
        return JsonElement.Parse(text);
    }

    public async Task<(int Status, JsonElement Body)> PostAsync(
        string path, string body = "", string type = "application/json", params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(type);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        using var answer = await Client.SendAsync(request, Token);
        return ((int)answer.StatusCode, JsonElement.Parse(await answer.Content.ReadAsStringAsync(Token)));
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
        await World.DisposeAsync();
    }
}

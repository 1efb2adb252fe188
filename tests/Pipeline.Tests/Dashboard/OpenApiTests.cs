using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using Pipeline.Dashboard.Api;
using Pipeline.Json;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Dashboard;

/// <summary>
/// The document at <c>/api/openapi.json</c> equals the committed copy, and the copy matches the endpoints. To write it
/// again, run this test with <c>UpdateOpenApi=true</c> in the environment.
/// </summary>
public sealed class OpenApiTests
{
    private static readonly string Committed = Path.Combine(
        Repository.Root, "src", "Pipeline.Dashboard", "Api", "openapi.json");

    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = MinimalJsonEncoder.Instance,
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TheCommittedDocumentDescribesTheEndpoints()
    {
        await using var api = await ApiWorld.StartAsync(
            register: services => services
                .ConfigureHttpJsonOptions(json =>
                {
                    json.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
                    json.SerializerOptions.NumberHandling = JsonNumberHandling.Strict;
                    json.SerializerOptions.TypeInfoResolverChain.Insert(0, ApiJson.Default);
                    json.SerializerOptions.TypeInfoResolverChain.Insert(1, PipelineJson.Default);
                })
                .AddOpenApi(Describe),
            map: app => app.MapOpenApi("/generated.json"));
        var generated = JsonNode.Parse(await api.Client.GetStringAsync("/generated.json", Token))!;
        generated.AsObject().Remove("servers");
        var text = generated.ToJsonString(Indented) + "\n";
        if (Environment.GetEnvironmentVariable("UpdateOpenApi") == "true")
            await File.WriteAllTextAsync(Committed, text, Token);

        Assert.Equal(text, await File.ReadAllTextAsync(Committed, Token));
        Assert.Equal("3.1", generated["openapi"]!.GetValue<string>()[..3]);
        Assert.True(generated["paths"]!.AsObject().Count >= 14, "The document lacks paths.");
    }

    [Fact]
    public async Task TheHostServesTheCommittedDocumentWithoutAKey()
    {
        await using var api = await ApiWorld.StartAsync();
        using var stranger = api.NewClient();
        Assert.Equal(
            await File.ReadAllTextAsync(Committed, Token), await stranger.GetStringAsync("/api/openapi.json", Token));
    }

    private static void Describe(OpenApiOptions options)
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.ShouldInclude = description =>
            description.RelativePath?.StartsWith("api/", StringComparison.Ordinal) == true
            || description.RelativePath is "healthz" or "readyz";
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new()
            {
                Title = "Pipeline",
                Version = "1",
                Description = "Lists of URLs in, one record or one failure per URL out. docs/api.md explains it.",
            };
            document.Components ??= new();
            document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
            {
                ["bearer"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer" },
                ["key"] = new OpenApiSecurityScheme
                {
                    Type = SecuritySchemeType.ApiKey,
                    In = ParameterLocation.Header,
                    Name = "X-Api-Key",
                },
            };
            document.Security =
            [
                new() { [new("bearer", document)] = [] },
                new() { [new("key", document)] = [] },
            ];
            return Task.CompletedTask;
        });
    }
}

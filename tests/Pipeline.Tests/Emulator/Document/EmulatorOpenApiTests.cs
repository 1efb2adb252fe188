using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using Pipeline.Emulator;
using Pipeline.Emulator.Api.Description;
using Pipeline.Emulator.Faults;
using Pipeline.Json;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Emulator.Document;

/// <summary>
/// The emulator's OpenAPI document equals the committed copy, and the copy matches the endpoints. To write it again,
/// run this test with <c>UpdateOpenApi=true</c> in the environment.
/// </summary>
public sealed class EmulatorOpenApiTests
{
    private static readonly string Committed = Path.Combine(
        Repository.Root, "src", "Pipeline.Emulator", "Api", "Description", "openapi.json");

    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = MinimalJsonEncoder.Instance,
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TheCommittedDocumentDescribesTheEndpoints()
    {
        using var folder = new TempFolder();
        Directory.CreateDirectory(folder["emulator"]);
        var builder = Hosts.CreateBuilder();
        builder.Services.AddEmulator(new() { DataFolder = folder["emulator"] }, FaultSet.None);
        builder.Services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
            json.SerializerOptions.NumberHandling = JsonNumberHandling.Strict;
        });
        builder.Services.AddOpenApi(Describe);
        await using var app = builder.Build();
        app.MapApi();
        app.MapOpenApi("/generated.json");
        await app.StartAsync(Token);
        using var http = new HttpClient { BaseAddress = new(app.Urls.Single()) };

        var generated = JsonNode.Parse(await http.GetStringAsync("/generated.json", Token))!;
        await app.StopAsync(Token);

        generated.AsObject().Remove("servers");
        var text = generated.ToJsonString(Indented) + "\n";
        if (Environment.GetEnvironmentVariable("UpdateOpenApi") == "true")
            await File.WriteAllTextAsync(Committed, text, Token);
        Assert.Equal(text, await File.ReadAllTextAsync(Committed, Token));
        Assert.Equal("3.1", generated["openapi"]!.GetValue<string>()[..3]);
        Assert.Equal(16, generated["paths"]!.AsObject().Count);
    }

    [Fact]
    public async Task TheEmulatorServesTheCommittedDocument()
    {
        await using var lab = await EmulatorLab.StartAsync(apiKey: "right");
        using var http = new HttpClient { BaseAddress = lab.Emulator.BaseAddress };
        Assert.Equal(
            await File.ReadAllTextAsync(Committed, Token), await http.GetStringAsync("openapi.json", Token));
    }

    [Theory]
    [InlineData("v1")]
    [InlineData("v2")]
    public async Task EveryAnswerIsWhatTheDocumentSays(string version)
    {
        await using var lab = await EmulatorLab.StartAsync(cannedBytes: 2000);
        var body = new JsonObject { ["inputs"] = new JsonArray(new JsonObject { ["url"] = "http://a.test/" }) };
        var batch = await lab.PostAsync($"{version}/extract/batch", body);
        var single = await lab.PostAsync($"{version}/extract/async", new JsonObject { ["url"] = "http://a.test/" });
        await lab.FinishAsync((string)batch["batch_id"]!);
        var (batchId, taskId) = ((string)batch["batch_id"]!, (string)batch["tasks"][0]!["id"]!);
        var schemas = new OpenApiShapes(JsonNode.Parse(await File.ReadAllTextAsync(Committed, Token))!);

        Assert.Empty(schemas.Faults($"/{version}/extract/batch", "post", batch));
        Assert.Empty(schemas.Faults($"/{version}/extract/async", "post", single));
        foreach (var (path, id) in new[]
        {
            ("tasks", ""), ("tasks/{id}", taskId), ("tasks/{id}/results", taskId), ("batches", ""),
            ("batches/{id}", batchId), ("batches/{id}/progress", batchId), ("tasks/{id}", "unknown"),
            ("batches/{id}", "unknown"),
        })
        {
            var answer = await lab.GetAsync($"{version}/{path.Replace("{id}", id, StringComparison.Ordinal)}");
            Assert.Empty(schemas.Faults($"/{version}/{path}", "get", answer));
        }
        var invalid = await lab.PostAsync($"{version}/extract/batch", new JsonObject());
        Assert.Empty(schemas.Faults($"/{version}/extract/batch", "post", invalid));
    }

    private static void Describe(OpenApiOptions options)
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.AddOperationTransformer((operation, context, _) =>
        {
            var described = context.Description.ActionDescriptor.EndpointMetadata.OfType<ApiOperation>().Single();
            operation.RequestBody?.Content?.Remove("*/*");
            operation.Parameters ??= [];
            if (described.Path.Contains("{id}", StringComparison.Ordinal))
                operation.Parameters.Add(Parameter("id", ParameterLocation.Path, JsonSchemaType.String));
            if (described.IsPaged)
            {
                var limit = Parameter("limit", ParameterLocation.Query, JsonSchemaType.Integer);
                ((OpenApiSchema)limit.Schema!).Minimum = "1";
                ((OpenApiSchema)limit.Schema!).Maximum = described.MaxLimit.ToString(
                    System.Globalization.CultureInfo.InvariantCulture);
                operation.Parameters.Add(limit);
                operation.Parameters.Add(Parameter("cursor", ParameterLocation.Query, JsonSchemaType.String));
            }
            return Task.CompletedTask;
        });
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new()
            {
                Title = "Nimble's async and batch API, as the emulator answers it",
                Version = "1",
                Description = "/v1 answers as the API's documents say, /v2 as the vendor's current SDK expects. "
                    + "docs/emulator.md explains the rest.",
            };
            document.Components ??= new();
            document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
            {
                ["bearer"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer" },
            };
            document.Security = [new() { [new("bearer", document)] = [] }];
            return Task.CompletedTask;
        });
    }

    private static OpenApiParameter Parameter(string name, ParameterLocation place, JsonSchemaType type) => new()
    {
        Name = name,
        In = place,
        Required = place == ParameterLocation.Path,
        Schema = new OpenApiSchema { Type = type },
    };
}

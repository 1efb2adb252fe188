using System.Text.Json;
using Pipeline.Intake;
using Pipeline.Intake.Reading;
using Pipeline.Model;
using Pipeline.Options;

namespace Pipeline.Tests.Intake;

/// <summary>
/// Every request body on Nimble's page "Async &amp; Batch" is a list. The bodies are copied from there.
/// </summary>
public sealed class ApiDocumentTests
{
    private const string Delivery = """
        "storage_type": "s3",
              "storage_url": "s3://your-bucket/results/",
              "callback_url": "https://your-api.com/webhooks/batch-complete"
        """;

    private const string SameUrl = $$"""
        {
            "inputs": [
              {"country": "US", "locale": "en-US"},
              {"country": "FR", "locale": "fr-FR"},
              {"country": "DE", "locale": "de-DE"}
            ],
            "shared_inputs": {
              "url": "https://www.finance.com",
              {{Delivery}}
            }
          }
        """;

    public static TheoryData<string, string[], string, string[]> Bodies => new()
    {
        {
            """
            {
                      "url": "https://www.example.com",
                      "render": true,
                      "formats": ["markdown"]
                    }
            """,
            ["""{"url":"https://www.example.com","render":true,"formats":["markdown"]}"""], "{}", []
        },
        {
            """{ "url": "https://www.example.com", "render": true, "formats": ["html", "markdown"] }""",
            ["""{"url":"https://www.example.com","render":true,"formats":["html","markdown"]}"""], "{}", []
        },
        {
            """
            {
              "url": "https://www.example.com",
              "render": true,
              "formats": ["html", "markdown"],
              "storage_type": "s3",
              "storage_url": "s3://my-bucket/nimble-extracts/",
              "storage_compress": true,
              "storage_object_name": "example-com-extraction"
            }
            """,
            ["""{"url":"https://www.example.com","render":true,"formats":["html","markdown"]}"""], "{}",
            ["storage_type", "storage_url", "storage_compress", "storage_object_name"]
        },
        {
            """
            {
              "url": "https://www.example.com",
              "render": true,
              "formats": ["html", "markdown"],
              "callback_url": "https://your-api.com/webhooks/extract-complete"
            }
            """,
            ["""{"url":"https://www.example.com","render":true,"formats":["html","markdown"]}"""], "{}",
            ["callback_url"]
        },
        {
            """
            {
              "inputs": [
                {"url": "https://www.example.com/page1"},
                {"url": "https://www.example.com/page2"},
                {"url": "https://www.example.com/page3"}
              ],
              "shared_inputs": {
                "render": true,
                "formats": ["markdown"],
                "storage_type": "s3",
                "storage_url": "s3://my-bucket/results/"
              }
            }
            """,
            [
                """{"url":"https://www.example.com/page1"}""", """{"url":"https://www.example.com/page2"}""",
                """{"url":"https://www.example.com/page3"}"""],
            """{"formats":["markdown"],"render":true}""", ["storage_type", "storage_url"]
        },
        {
            """
            { "inputs": [
              { "url": "https://example.com/us-page", "country": "US" },
              { "url": "https://example.com/il-page", "country": "IL" }
            ] }
            """,
            [
                """{"url":"https://example.com/us-page","country":"US"}""",
                """{"url":"https://example.com/il-page","country":"IL"}"""],
            "{}", []
        },
        {
            $$"""
            { "inputs": [
                {"url": "https://www.finance.com"},
                {"url": "https://www.travel.com"},
                {"url": "https://www.socialmedia.com"}
              ],
              "shared_inputs": { {{Delivery}} } }
            """,
            [
                """{"url":"https://www.finance.com"}""", """{"url":"https://www.travel.com"}""",
                """{"url":"https://www.socialmedia.com"}"""],
            "{}", ["storage_type", "storage_url", "callback_url"]
        },
        {
            $$"""
            { "inputs": [
                {"url": "https://www.finance.com",    "country": "US", "locale": "en-US"},
                {"url": "https://www.travel.com",      "country": "FR", "locale": "fr-FR"},
                {"url": "https://www.socialmedia.com", "country": "DE", "locale": "de-DE"},
                {"url": "https://www.searchengine.com"}
              ],
              "shared_inputs": { "country": "CA", "locale": "en-CA", {{Delivery}} } }
            """,
            [
                """{"url":"https://www.finance.com","country":"US","locale":"en-US"}""",
                """{"url":"https://www.travel.com","country":"FR","locale":"fr-FR"}""",
                """{"url":"https://www.socialmedia.com","country":"DE","locale":"de-DE"}""",
                """{"url":"https://www.searchengine.com"}""",
            ],
            """{"country":"CA","locale":"en-CA"}""", ["storage_type", "storage_url", "callback_url"]
        },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task EveryExampleBodyIsAList(string body, string[] items, string shared, string[] dropped)
    {
        var world = new IntakeWorld();
        var list = await world.HandleAsync(body);
        Assert.Equal((items.Length, 0L), (list.Inputs, list.Invalid));
        Assert.Equal(items, world.Inputs.Select(i => i.Input));
        Assert.Equal(shared, Assert.Single(world.Ledger.Submissions).Value.SharedInputs);

        var inspection = await ListInspector.InspectAsync(
            ListSource.Of(System.Text.Encoding.UTF8.GetBytes(body)), null, new IntakeOptions(),
            cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(list.ListId, inspection.ListId);
        Assert.Equal(dropped.Length == 0 ? 0 : 1, inspection.Warnings.Count);
        Assert.All(dropped, field => Assert.Contains(field, inspection.Warnings[0], StringComparison.Ordinal));
    }

    [Fact]
    public async Task InputsWithTheSameUrlAreToldApartByATag()
    {
        var world = new IntakeWorld();
        await world.HandleAsync(SameUrl);
        var submission = Assert.Single(world.Ledger.Submissions).Value;
        Assert.Equal(
            (3, """{"url":"https://www.finance.com"}""", SubmissionState.Planned),
            (submission.Count, submission.SharedInputs, submission.State));
        Assert.All(world.Inputs, input =>
        {
            var item = JsonElement.Parse(input.Input);
            Assert.Equal("https://www.finance.com", input.Url);
            Assert.Equal(["country", "locale", "tag"], item.EnumerateObject().Select(p => p.Name));
            Assert.Equal(input.Id, item.GetProperty("tag").GetString());
        });
        Assert.Equal(
            ["US", "FR", "DE"],
            world.Inputs.Select(i => JsonElement.Parse(i.Input).GetProperty("country").GetString()));
    }
}

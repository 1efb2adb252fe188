using System.Net;
using System.Text.Json;
using Pipeline.Tests.Support;
using Status = Pipeline.Functions.Tests.Host.Protocol.StatusResult.Types.Status;

namespace Pipeline.Functions.Tests.Requests;

public sealed class ApiTests() : ApiSuite(null);

[Trait("Needs", "servers")]
public sealed class ApiOverAzureTests(Servers servers) : ApiSuite(servers)
{
    [Fact]
    [Trait("Promise", "2")]
    public async Task ASentListIsTakenOncePerIdempotencyKeyAndReadByIntake()
    {
        var token = TestContext.Current.CancellationToken;
        await using var app = await StartAsync(KeySetting, ("Pipeline:Intake:SourcePrefixes:0", "azblob://lists/"));
        using var http = Client(app);
        http.DefaultRequestHeaders.Add("Idempotency-Key", "one");
        async Task<(HttpResponseMessage Answer, string Id)> SendAsync()
        {
            var answer = await http.PostAsync(
                "api/lists", new StringContent("http://a.test/\nhttp://b.test/\n"), token);
            Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
            var json = JsonElement.Parse(await answer.Content.ReadAsStringAsync(token));
            return (answer, json.GetProperty("list_id").GetString()!);
        }

        var (first, id) = await SendAsync();
        var (again, sameId) = await SendAsync();

        Assert.False(first.Headers.Contains("Idempotency-Replayed"));
        Assert.True(again.Headers.Contains("Idempotency-Replayed"));
        Assert.Equal(id, sameId);
        await app.Host.WaitForDeliveryAsync(delivery => delivery is { Function: "Intake", Result: Status.Success });
        Assert.NotNull(await app.Ledger.GetListAsync(id, token));
        Assert.Single(app.Host.Deliveries, delivery => delivery.Function == "Intake");
    }
}

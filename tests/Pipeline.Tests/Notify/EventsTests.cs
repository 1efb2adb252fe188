using System.Text.Json;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Notify;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Notify;

/// <summary>The id of an event, by which a receiver recognizes a repetition.</summary>
public sealed class EventsTests
{
    [Fact]
    [Trait("Promise", "7")]
    public void ACloseThatIsRepeatedAfterACrashHasTheSameId()
    {
        var first = Some.Manifest();
        var again = first with { ClosedAt = first.ClosedAt.AddHours(1), DurationMs = 3_601_000 };

        Assert.Equal(IdOf(first), IdOf(again));
    }

    [Fact]
    public void AListThatClosesAgainWithAnotherOutcomeHasAnotherId()
    {
        var ids = new[] { Some.Manifest(), Some.Manifest("b"), Some.Manifest(records: 3, failures: 0) }.Select(IdOf);

        Assert.Equal(3, ids.Distinct().Count());
    }

    [Fact]
    public void TheIdIsInTheEventToo()
    {
        var message = Events.Of(Some.Manifest(), "https://store.example/list.json", Some.Time);

        Assert.Equal(message.Id, JsonElement.Parse(message.Event).GetProperty("id").GetString());
    }

    [Fact]
    public void AListIdIsEscapedInTheSource()
    {
        var message = Events.Of(Some.Manifest("a b/ü"), "https://store.example/list.json", Some.Time);

        Assert.Equal(
            "/lists/a%20b%2F%C3%BC", JsonElement.Parse(message.Event).GetProperty("source").GetString());
    }

    /// <summary>What a receiver may want to know of a run is in the manifest: nothing of it is named twice.</summary>
    [Fact]
    public void TheDataIsTheManifestWithoutItsSubmissionsAndLocations()
    {
        var manifest = Some.Manifest() with
        {
            Series = "shops", LeftOut = 4, Changes = new(1, 2, 3, 5), RevisionOf = "first",
            EstimatedCost = 1.5m, Guards = new() { BudgetUrls = 7 },
        };
        var data = JsonElement.Parse(Events.Of(manifest, "https://store.example/list.json", Some.Time).Event)
            .GetProperty("data");

        Assert.Equal(
            ("shops", 4, 5, "first", 7),
            (data.GetProperty("series").GetString(), data.GetProperty("left_out").GetInt32(),
                data.GetProperty("changes").GetProperty("removed").GetInt32(),
                data.GetProperty("revision_of").GetString(),
                data.GetProperty("guards").GetProperty("budget_urls").GetInt32()));
        var whole = JsonSerializer.SerializeToElement(manifest, PipelineJson.Plain.Manifest);
        Assert.Equal(
            whole.EnumerateObject().Select(member => member.Name)
                .Except(["schema", "submissions", "locations"]).Append("manifest"),
            data.EnumerateObject().Select(member => member.Name));
    }

    private static string IdOf(Manifest manifest) =>
        Events.Of(manifest, "https://store.example/list.json", Some.Time).Id;
}

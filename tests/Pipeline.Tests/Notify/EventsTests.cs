using System.Text.Json;
using Pipeline.Model;
using Pipeline.Notify;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Notify;

/// <summary>The id of an event, by which a receiver recognizes that it was told before.</summary>
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

    private static string IdOf(Manifest manifest) =>
        Events.Of(manifest, "https://store.example/list.json", Some.Time).Id;
}

using Pipeline.Delivery;
using Pipeline.Model;

namespace Pipeline.Tests.Delivery;

public sealed class ObjectNamesTests
{
    [Theory]
    [InlineData("8e8cfde8-345b-42b8-b3e2-0c61eb11e00f")]
    [InlineData("extract.7.task")]
    [InlineData("_-x")]
    [InlineData("YWJj==")]
    [InlineData("4711")]
    public void ATaskIdIsParsedFromItsObjectNames(string id)
    {
        var prefix = ObjectUri.Parse("s3://bucket/list/list-000000/");
        Assert.Equal(id, ObjectNames.TaskIdOf(ObjectNames.For(prefix, id, compressed: false)));
        Assert.Equal(id, ObjectNames.TaskIdOf(ObjectNames.For(prefix, id, compressed: true)));
    }

    [Theory]
    [InlineData("a.txt")]
    [InlineData(".json")]
    [InlineData("..json")]
    [InlineData("a..b.json")]
    [InlineData("a.json.bak")]
    public void OtherObjectNamesGiveNoTaskId(string name) =>
        Assert.Null(ObjectNames.TaskIdOf(ObjectUri.Parse($"s3://bucket/x/{name}")));
}

namespace Pipeline.Tests.Intake;

/// <summary>
/// Ids must never change: they are in the records, ledgers and bills of users. Each is the first 16 bytes of SHA-256
/// over <c>fixed</c>, a line feed and the input in canonical JSON. The expected values were computed with other tools.
/// </summary>
public sealed class InputIdTests
{
    [Theory]
    [InlineData("\"https://www.example.com/\"", "2a8f109f19093b85322b425c24622e5f")]
    [InlineData("""{"url":"https://www.example.com/?q=\"a\\b\"","country":"US"}""", "ba288e62011221005971c7d7a7b35167")]
    [InlineData(
        """{"country":"\u0055S","url":"https://www.example.com/?q=\u0022a\\b\""}""",
        "ba288e62011221005971c7d7a7b35167"
    )]
    [InlineData("\"https://bücher.example/漢字/😀\"", "5134fcf6e1812af23b48daad283d12b6")]
    [InlineData(
        """{"url":"https://a.example/","a":{"c":true,"b":[1.0,null,"\n\u0001"]}}""",
        "08a6b8e5f973f007d8aaf498c94ea63b"
    )]
    public async Task AnIdDependsOnlyOnListAndInput(string input, string id)
    {
        var world = new IntakeWorld();
        await world.HandleAsync($$"""{"list_id":"fixed","inputs":[{{input}}]}""");
        Assert.Equal(id, Assert.Single(world.Good).Id);
    }

    // The runtime's own encoders escape these or not, depending on the version of its Unicode tables: unassigned,
    // private, newly assigned and beyond the BMP.
    [Theory]
    [InlineData("\u0378")]
    [InlineData("\ue000")]
    [InlineData("\u1c8a")]
    [InlineData("\U0001fae9")]
    [InlineData("\U000323b0")]
    public async Task IdsDoNotDependOnTheRuntimesUnicodeTables(string character)
    {
        var world = new IntakeWorld();
        await world.HandleAsync($$"""{"list_id":"fixed","inputs":["https://a.example/{{character}}"]}""");
        var json = System.Text.Encoding.UTF8.GetBytes(
            $$"""
            fixed
            {"url":"https://a.example/{{character}}"}
            """
        );
        Assert.Equal(
            Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(json))[..32],
            Assert.Single(world.Good).Id
        );
    }
}

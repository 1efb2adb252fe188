using Pipeline.Urls;

namespace Pipeline.Tests.Urls;

/// <summary>The user name and password of a URL are hidden wherever people read it.</summary>
public sealed class UrlCredentialTests
{
    [Theory]
    [InlineData("https://me:secret@a.example/x?y=1", "https://***@a.example/x?y=1")]
    [InlineData(
        "see HTTPS://me:se%40cret@a.example, or ftp://me@b.example/",
        "see HTTPS://***@a.example, or ftp://***@b.example/")]
    [InlineData("{\"url\":\"http://me:secret@a.example\"}", "{\"url\":\"http://***@a.example\"}")]
    [InlineData("http:\\\\me:secret@a.example", "http:\\\\***@a.example")]
    [InlineData("https://a.example/@me and mail me@a.example", "https://a.example/@me and mail me@a.example")]
    [InlineData("https://a.example/?to=me@b.example", "https://a.example/?to=me@b.example")]
    public void OnlyTheyAreHidden(string text, string shown) => Assert.Equal(shown, UrlCredentials.HideAll(text));

    [Fact]
    public void AMegabyteOfHalfUrlsTakesNoTime()
    {
        var text = string.Concat(Enumerable.Repeat("http://a:", 200_000));
        Assert.Equal(text, UrlCredentials.HideAll(text));
    }
}

using Pipeline.Cli.Failures;
using Pipeline.Nimble;
using Pipeline.Tests.Support;
using Pipeline.Urls;

namespace Pipeline.Tests.Urls;

/// <summary>The user name and password of a URL are hidden wherever people can see it.</summary>
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

    [Theory]
    [InlineData("ftp://me:secret@a.example/x", "ftp://***@a.example/x")]
    [InlineData("me:secret@a.example/x", "me:***@a.example/x")]
    [InlineData("https://me:secret@:80", "https://***@:80")]
    public void AnUnusableUrlIsQuotedWithoutThem(string url, string shown)
    {
        var problem = UrlRules.Check(url);
        Assert.StartsWith($"'{shown}' ", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void AFailureIsShownWithoutThemAndWithItsLine()
    {
        var failure = Some.Failure("a") with
        {
            Url = "https://me:secret@a.example/x", Line = 7, Message = "Nimble says:\nhttps://me:secret@a.example/x",
        };
        Assert.Equal("https://***@a.example/x (line 7)", FailureGroups.Place(failure));
        Assert.Equal("Nimble says: https://***@a.example/x", FailureGroups.Message(failure));
        Assert.Equal("https://a.example/", FailureGroups.Place(failure with { Url = "https://a.example/" }));
    }

    [Fact]
    public void WhatNimbleSaysIsKeptWithoutThem() => Assert.Equal(
        "inputs.3.url: http:\\/\\/***@a.example is odd",
        new SecretText("key").Clean("inputs.3.url: http:\\/\\/me:secret@a.example is odd"));

    [Fact]
    public void AMegabyteOfHalfUrlsTakesNoTime()
    {
        var text = string.Concat(Enumerable.Repeat("http://a:", 200_000));
        Assert.Equal(text, UrlCredentials.HideAll(text));
    }
}

using Pipeline.Emulator.Faults;

namespace Pipeline.Tests.Emulator;

public sealed class FaultSetTests
{
    [Theory]
    [InlineData("post_429=3", "post_429=3")]
    [InlineData("post_429=0.10", "post_429=0.1")]
    [InlineData("post_429=1.0", "post_429=always")]
    [InlineData("post_429=25%", "post_429=0.25")]
    [InlineData(" post_429 , get_500 = 1 ", "post_429=always,get_500=1")]
    [InlineData("object_late_ms=3000@0.5,task_slow_ms=20", "object_late_ms=3000@0.5,task_slow_ms=20")]
    [InlineData("result_status=blocked@3,seed=7", "result_status=blocked@3,seed=7")]
    [InlineData("", "")]
    public void FaultsAreParsedAndFormattedInOneGrammar(string text, string shown) =>
        Assert.Equal(shown, string.Join(',', FaultSet.Parse(text).Faults.Select(f => $"{f.Key}={f.Value}")));

    [Theory]
    [InlineData(
        "post_429=1.5", "Fault 'post_429' takes a count such as 3, a share such as 0.1 or 10%, or always, not '1.5'.")]
    [InlineData(
        "post_429=-1", "Fault 'post_429' takes a count such as 3, a share such as 0.1 or 10%, or always, not '-1'.")]
    [InlineData("webhook_late=soon", "Fault 'webhook_late' takes whole milliseconds, not 'soon'.")]
    [InlineData(
        "webhook_late=5@x",
        "Fault 'webhook_late' takes after @ a count such as 3, a share such as 0.1 or 10%, or always, not '5@x'.")]
    [InlineData("echo=some", "Fault 'echo' takes one of full, input, none, not 'some'.")]
    [InlineData("seed=0.5", "Fault 'seed' takes a whole number, not '0.5'.")]
    [InlineData("seed=1@2", "Fault 'seed' takes a whole number, not '1@2'.")]
    public void AMalformedFaultIsRefusedWithTheExpectedForm(string text, string message) =>
        Assert.Equal(message, Assert.Throws<FormatException>(() => FaultSet.Parse(text)).Message);

    [Fact]
    public void AnUnknownFaultIsRefusedWithTheNearestOne() =>
        Assert.Equal(
            "'post_428' is not a known fault. Did you mean post_429? 'pipeline emulator --help' lists them.",
            Assert.Throws<FormatException>(() => FaultSet.Parse("post_428")).Message);

    [Fact]
    public void AFaultThatIsLikeNoneIsOnlyRefused() =>
        Assert.Equal(
            "'nonsense' is not a known fault. 'pipeline emulator --help' lists them.",
            Assert.Throws<FormatException>(() => FaultSet.Parse("nonsense")).Message);

    [Fact]
    public void TheSameSeedGivesTheSameFaults()
    {
        const string faults = "task_fail=0.5,webhook_form=mixed,object_truncated=0.3,webhook_shuffle";
        List<TaskFaults> Draw(string text)
        {
            var injector = new FaultInjector(FaultSet.Parse(text));
            return [.. Enumerable.Range(1, 200).Select(i => injector.ForTask(i))];
        }
        Assert.Equal(Draw(faults + ",seed=5"), Draw(faults + ",seed=5"));
        Assert.NotEqual(Draw(faults + ",seed=5"), Draw(faults + ",seed=6"));
    }

    [Theory]
    [InlineData("0.1", 60, 140)]
    [InlineData("100%", 1000, 1000)]
    [InlineData("0.0", 0, 0)]
    [InlineData("17", 17, 17)]
    public void AFaultHappensAsOftenAsConfigured(string chance, int least, int most)
    {
        var injector = new FaultInjector(FaultSet.Parse($"get_500={chance}"));
        Assert.InRange(Enumerable.Range(0, 1000).Count(i => injector.Happens("get_500", i)), least, most);
    }

    [Fact]
    public void TaskFaultsAreReadBackFromTheirStoredForm()
    {
        var injector = new FaultInjector(
            FaultSet.Parse(
                "task_fail=0.5,webhook_form=mixed,object_bitflip=0.5,object_heal_ms=5,echo="
                    + "none@0.5,task_states=wild@0.5"));
        Assert.All(
            Enumerable.Range(1, 50),
            i => Assert.Equal(injector.ForTask(i), TaskFaults.FromText(injector.ForTask(i).ToText())));
        Assert.Null(new FaultInjector(FaultSet.None).ForTask(1).ToText());
    }

    [Fact]
    public void EveryFaultIsDescribed() =>
        Assert.All(
            FaultCatalog.All,
            kind =>
                Assert.Contains(
                    $"\n  {kind.Name} ", FaultCatalog.Describe().Replace("\r", "", StringComparison.Ordinal),
                    StringComparison.Ordinal));
}

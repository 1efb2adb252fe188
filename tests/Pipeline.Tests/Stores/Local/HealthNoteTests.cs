using Microsoft.Extensions.Time.Testing;
using Pipeline.Stores.Local;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Stores.Local;

/// <summary>How another process learns what keeps a run from writing.</summary>
public sealed class HealthNoteTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly FakeTimeProvider _time = new();
    private string? _problem;

    [Fact]
    public async Task TheProblemCanBeReadWhileItLastsAndNotAfterwards()
    {
        Assert.Null(HealthNote.Read(_folder["none"]));
        await using (new HealthNote(_folder.Path, () => _problem, _time))
        {
            Assert.Null(HealthNote.Read(_folder.Path));
            _problem = "The disk that holds '/x/☃' is full.";
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal(_problem, HealthNote.Read(_folder.Path));
            _problem = new('x', 10_000);
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal(4096, HealthNote.Read(_folder.Path)!.Length);
            _problem = null;
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.Null(HealthNote.Read(_folder.Path));
        }
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public async Task OfSeveralProcessesTheOneWithAProblemIsHeard()
    {
        await using var well = new HealthNote(_folder.Path, () => null, _time);
        await using var ill = new HealthNote(_folder.Path, () => "full", _time);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("full", HealthNote.Read(_folder.Path));
    }

    [Fact]
    public async Task TheNoteOfAProcessThatWasKilledIsNotBelievedAndIsRemoved()
    {
        File.WriteAllText(_folder["health-of-a-killed-process"], "full");
        await using var other = new HealthNote(_folder.Path, () => null, _time);

        Assert.Null(HealthNote.Read(_folder.Path));
        HealthNote.RemoveUnused(_folder.Path);
        Assert.Single(Directory.GetFiles(_folder.Path));
    }

    public void Dispose() => _folder.Dispose();
}

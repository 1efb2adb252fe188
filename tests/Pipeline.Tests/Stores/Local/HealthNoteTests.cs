using Pipeline.Stores.Local;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Stores.Local;

/// <summary>The note that tells other processes why this one cannot write.</summary>
public sealed class HealthNoteTests
{
    [Fact]
    public async Task AFolderThatWasMovedAwayDoesNotHideWhatTheWorkSaysOfIt()
    {
        using var folder = new TempFolder();
        Directory.CreateDirectory(folder["state"]);
        var note = new HealthNote(folder["state"], () => null, TimeProvider.System);

        Directory.Move(folder["state"], folder["moved"]);

        Assert.Null(await Record.ExceptionAsync(async () => await note.DisposeAsync()));
        HealthNote.RemoveUnused(folder["moved"]);
        Assert.Empty(Directory.EnumerateFiles(folder["moved"]));
    }
}

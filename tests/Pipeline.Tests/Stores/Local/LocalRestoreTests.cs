using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Pipeline.Model;
using Pipeline.Stores.Local;
using Pipeline.Stores.Local.Keeping;
using Pipeline.Tests.Stores.Keeping;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Stores.Local;

/// <summary>What a restore of a state folder refuses, and what it sets aside.</summary>
public sealed class LocalRestoreTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("files", "null", "The file is not a backup, or it is damaged")]
    [InlineData("schema", "\"pipeline.backup/2\"", "A newer version of this program wrote the backup")]
    [InlineData(
        "files", """[{"name":"bin/x","bytes":0,"sha256":""}]""", "it names bin/x, which no backup holds")]
    [InlineData(
        "files", """[{"name":"lists/../x","bytes":0,"sha256":""}]""", "it names lists/../x, which no backup holds")]
    public async Task ANoteThatCannotBeFollowedIsRefused(string member, string value, string sentence)
    {
        using var folder = new TempFolder();
        using var backup = await BackUpEmptyAsync(folder.Path);
        await backup.ChangeNoteAsync(note => note[member] = JsonNode.Parse(value));

        Assert.Contains(sentence, await RefusalAsync(folder.Path, backup), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ABackupWhoseDatabaseIsNoneIsBlamedItself()
    {
        using var folder = new TempFolder();
        using var backup = await BackUpEmptyAsync(folder.Path);
        await ChangeDatabaseAsync(backup, Encoding.ASCII.GetBytes(new string('x', 8192)));

        Assert.Contains(
            "The file is not a backup, or it is damaged: its database", await RefusalAsync(folder.Path, backup),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    public async Task AFileThatIsCutOffIsSaidToBeNoWholeBackup(int bytes)
    {
        using var folder = new TempFolder();
        using var backup = await BackUpEmptyAsync(folder.Path);
        backup.SetLength(bytes);

        Assert.Equal(
            "The file is not a backup, or it is damaged: it is not a whole zip archive that 'pipeline backup' wrote. "
                + "Restore another backup.",
            await RefusalAsync(folder.Path, backup));
    }

    [Fact]
    public async Task ADatabaseOfANewerVersionIsRefusedWithoutATemporaryPath()
    {
        using var folder = new TempFolder();
        using var backup = await BackUpEmptyAsync(folder.Path);
        var newer = folder["newer.db"];
        using (var session = new SqlSession(newer, create: true))
            session.Script($"PRAGMA user_version={LocalSchema.Version + 1}");
        await ChangeDatabaseAsync(backup, await File.ReadAllBytesAsync(newer, Stop));

        var refusal = await RefusalAsync(folder.Path, backup);

        Assert.Contains("A newer version of this program wrote the backup", refusal, StringComparison.Ordinal);
        Assert.DoesNotContain(folder.Path, refusal, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ADamagedStateIsSetAside()
    {
        using var folder = new TempFolder();
        using var backup = await BackUpEmptyAsync(folder.Path);
        var database = folder[LocalDatabase.FileName];
        var damage = new string('x', 8192);
        await File.WriteAllTextAsync(database, damage, Stop);

        await new LocalRestore(folder.Path, folder.Path, TimeProvider.System).RunAsync(backup, Stop);

        Assert.Equal(damage, await File.ReadAllTextAsync(database + ".damaged", Stop));
        using var restored = new SqlSession(database, create: false);
        Assert.Equal(0L, restored.Scalar("SELECT COUNT(*) FROM submission"));
    }

    [Fact]
    public async Task AStateThatIsWorkedOnIsNotReplaced()
    {
        using var folder = new TempFolder();
        await using var note = new HealthNote(folder.Path, () => null, TimeProvider.System);

        var refused = await Assert.ThrowsAsync<PipelineException>(
            () => new LocalRestore(folder.Path, folder.Path, TimeProvider.System).RunAsync(new MemoryStream(), Stop));

        Assert.Contains("Stop it", refused.Message, StringComparison.Ordinal);
    }

    private static async Task<MemoryStream> BackUpEmptyAsync(string state)
    {
        var path = Path.Combine(state, LocalDatabase.FileName);
        using (var session = new SqlSession(path, create: true))
            LocalSchema.Apply(session, path);
        var backup = new MemoryStream();
        await LocalBackup.WriteAsync(state, backup, TimeProvider.System, Stop);
        backup.Position = 0;
        return backup;
    }

    private static async Task<string> RefusalAsync(string state, MemoryStream backup) =>
        (await Assert.ThrowsAsync<PipelineException>(
            () => new LocalRestore(state, state, TimeProvider.System).RunAsync(backup, Stop))).Message;

    /// <summary>Replaces the database, with the right digest.</summary>
    private static async Task ChangeDatabaseAsync(MemoryStream backup, byte[] content)
    {
        await backup.ReplaceAsync(LocalDatabase.FileName, content);
        await backup.ChangeNoteAsync(
            note => note["files"]![0]!["sha256"] = Convert.ToHexStringLower(SHA256.HashData(content)));
    }
}

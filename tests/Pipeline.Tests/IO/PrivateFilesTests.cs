using System.Runtime.Versioning;
using Pipeline.IO;
using Pipeline.Stores.Local;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.IO;

/// <summary>Only the owner can read the product's files, and a kill leaves no temporary file behind.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class PrivateFilesTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Everybody = OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private readonly TempFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ATemporaryFileIsPrivateAndUnlinked()
    {
        using var file = PrivateFiles.CreateTemporary(_folder.Path);
        file.Write("secret"u8);

        Assert.Equal(OwnerOnly, File.GetUnixFileMode(file.SafeFileHandle));
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void LeftoverTemporaryFilesAreDeletedButFilesInUseAreNot()
    {
        File.WriteAllText(_folder["pipeline-left.tmp"], "x");
        File.WriteAllText(_folder["other.tmp"], "x");
        using var used = new FileStream(
            _folder["pipeline-used.tmp"], FileMode.Create, FileAccess.Write, FileShare.Read);

        PrivateFiles.RemoveTemporary(_folder.Path);

        Assert.Equal(
            ["other.tmp", "pipeline-used.tmp"], Directory.GetFiles(_folder.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task TheStateIsPrivateWhateverItsModeAndItsFoldersWere()
    {
        string[] files = [LocalDatabase.FileName, LocalDatabase.FileName + "-wal", LocalDatabase.FileName + "-shm"];
        for (var round = 0; round < 2; round++)
        {
            await using var database = await LocalDatabase.OpenAsync(_folder.Path, Token);
            await database.WriteAsync(
                session => session.Execute("INSERT OR REPLACE INTO setting(name, value) VALUES('a', 'b')"),
                durable: true, Token);
            Assert.All(files, file => Assert.Equal(OwnerOnly, File.GetUnixFileMode(_folder[file])));
            File.SetUnixFileMode(_folder[LocalDatabase.FileName], Everybody);
        }
    }

    [Fact]
    public async Task AKillLeavesNoTemporaryFilesAndSecretsArePrivate()
    {
        var temporary = Directory.CreateDirectory(_folder["tmp"]).FullName;
        var (state, output) = (Directory.CreateDirectory(_folder["state"]).FullName, _folder["out"]);
        File.SetUnixFileMode(state, (UnixFileMode)0b111_101_101);
        File.WriteAllLines(
            _folder["list.txt"],
            Enumerable.Range(1, 5).Select(i => $"http://sample.test/sample/generated/{i}?bytes=600000"));
        string[] run = ["run", "-", "--state", state, "--out", output];
        (string, string)[] small = [("TMPDIR", temporary), ("Pipeline__Collect__SpillAt", "100000")];

        var killed = await CliProcess.RunAsync(
            ["run", _folder["list.txt"], .. run[2..]], [.. small, ("PIPELINE_CRASH_AT", "sink.within-append:2")]);

        Assert.NotEqual(0, killed.ExitCode);
        Assert.DoesNotContain(Directory.GetFileSystemEntries(temporary, "*", SearchOption.AllDirectories), IsOurs);
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(state, "tmp")));
        string[] secret =
        [
            "callback.key",
            LocalDatabase.FileName,
            LocalDatabase.FileName + "-wal",
            LocalDatabase.FileName + "-shm",
        ];
        Assert.All(secret, file => Assert.Equal(OwnerOnly, File.GetUnixFileMode(Path.Combine(state, file))));
        Assert.All(
            Directory.GetFiles(Path.Combine(state, "emulator"), "*.db*"),
            file => Assert.Equal(OwnerOnly, File.GetUnixFileMode(file)));
        Assert.NotEmpty(Directory.GetFiles(Path.Combine(state, "emulator"), "*.db*"));

        File.WriteAllText(Path.Combine(output, "manifest.json.pipeline-part-1-1"), "half");
        Assert.Equal(0, (await CliProcess.RunAsync(["run", _folder["list.txt"], .. run[2..]], small)).ExitCode);
        Assert.Equal(
            ["failures.ndjson", "manifest.json", "records.ndjson"],
            Directory.GetFiles(output).Select(Path.GetFileName).Order());
        File.WriteAllText(_folder["probe"], "");
        Assert.Equal(
            File.GetUnixFileMode(_folder["probe"]), File.GetUnixFileMode(Path.Combine(output, "records.ndjson")));
    }

    // The runtime has files of its own there: the diagnostics port and the locks of named mutexes.
    private static bool IsOurs(string path) => !Path.GetFileName(path).StartsWith("dotnet", StringComparison.Ordinal)
        && !Path.GetFileName(path).StartsWith("clr-debug", StringComparison.Ordinal)
            && !path.Contains(".dotnet", StringComparison.Ordinal);
}

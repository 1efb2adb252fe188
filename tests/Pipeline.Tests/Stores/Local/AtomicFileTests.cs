using System.Diagnostics;
using Pipeline.Model;
using Pipeline.Stores.Local;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Stores.Local;

/// <summary>Only a file is replaced by a rename; anything else is not.</summary>
public sealed class AtomicFileTests : IDisposable
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private readonly TempFolder _folder = new();

    [Fact]
    public async Task AFifoIsRefusedAndStaysAFifo()
    {
        var path = _folder["fifo"];
        using (var make = Process.Start("mkfifo", [path]))
            await make.WaitForExitAsync(Stop);

        var refused = Assert.Throws<PipelineException>(() => new AtomicFile(path));

        Assert.Contains($"'{path}' is not a regular file", refused.Message, StringComparison.Ordinal);
        Assert.Equal([path], Directory.EnumerateFileSystemEntries(_folder.Path));
        using var test = Process.Start("test", ["-p", path]);
        await test.WaitForExitAsync(Stop);
        Assert.Equal(0, test.ExitCode);
    }

    [Fact]
    public void ADirectoryIsRefused() =>
        Assert.Throws<PipelineException>(() => new AtomicFile(_folder.Path));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ALinkStaysAndItsTargetIsNew(bool exists)
    {
        var (link, target) = (_folder["link"], _folder["target"]);
        if (exists)
            File.WriteAllText(target, "old");
        File.CreateSymbolicLink(link, target);

        using (var file = new AtomicFile(link))
        {
            file.Stream.Write("new"u8);
            file.Commit();
        }

        Assert.Equal(target, new FileInfo(link).LinkTarget);
        Assert.Equal("new", File.ReadAllText(target));
    }

    public void Dispose() => _folder.Dispose();
}

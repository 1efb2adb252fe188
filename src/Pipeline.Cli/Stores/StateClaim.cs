using Pipeline.Cli.Run;
using Pipeline.Cli.Settings;
using Pipeline.IO;
using Pipeline.Model;

namespace Pipeline.Cli.Stores;

/// <summary>
/// A state folder that only this process may use. Needed where an emulator in this process keeps its tasks there: two
/// of them on one folder would do each other's work.
/// </summary>
internal sealed class StateClaim : IAsyncDisposable
{
    private readonly FileStream _lock;

    private StateClaim(FileStream @lock) => _lock = @lock;

    /// <summary>Claims the folder for as long as the process lives.</summary>
    /// <exception cref="PipelineException">Permanent: another process has claimed it.</exception>
    public static StateClaim Take(RunSettings settings)
    {
        var path = Path.Combine(settings.State, "run.lock");
        try
        {
            return new(new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0));
        }
        catch (IOException problem) when (!DiskFaults.IsFull(problem) && File.Exists(path))
        {
            throw PipelineException.Permanent(
                FailureReasons.InvalidConfiguration,
                $"Another 'pipeline' process works in {settings.State}"
                    + (KeptAddresses.Listen(settings) is { } address ? $"; its pages are at {address}" : "")
                    + $". Give it lists with '{Shell.Command(settings, "submit LIST")}'. Or stop it, which loses "
                    + "nothing, and run this command again; or name another folder with --out (and --state, if you "
                    + "use it).",
                problem);
        }
    }

    public ValueTask DisposeAsync() => _lock.DisposeAsync();
}

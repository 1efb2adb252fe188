using System.Data.Common;

namespace Pipeline.Stores.Local;

/// <summary>
/// A temporary database for more than memory should hold. SQLite keeps a small one in memory and a large one in a file
/// without a name, in the system's folder for temporary files, which disappears with the process.
/// </summary>
internal sealed class ScratchDatabase : IDisposable
{
    private const string Where = "the folder of temporary files (TMPDIR)";

    private readonly SqlSession _session;

    /// <param name="tables">The statements that create its tables.</param>
    public ScratchDatabase(string tables)
    {
        // An empty path means a temporary database. It is not needed after a crash, so it needs no journal and no
        // commit.
        _session = new("", create: true);
        Run(session => session.Script($"PRAGMA journal_mode=OFF; PRAGMA cache_size=-16384; {tables} BEGIN;"));
    }

    /// <summary>Runs statements.</summary>
    /// <exception cref="Model.PipelineException">Store fault: the disk is full or cannot be used.</exception>
    public T Run<T>(Func<SqlSession, T> action)
    {
        try
        {
            return action(_session);
        }
        catch (DbException error)
        {
            throw LocalErrors.Translate(error, Where);
        }
    }

    /// <inheritdoc cref="Run{T}"/>
    public void Run(Action<SqlSession> action) => Run(session =>
    {
        action(session);
        return true;
    });

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();
}

using Pipeline.IO;

namespace Pipeline.Cli.Lists;

/// <summary>
/// The run that <c>--again</c> started for a list, in a small file of the state. The same command, after a kill, goes
/// on with it instead of starting another, which would be paid for again.
/// </summary>
/// <param name="state">The folder of the state.</param>
/// <param name="listId">The id of the list's first run.</param>
internal sealed class StartedRun(string state, string listId)
{
    private readonly string _path = Path.Combine(state, $"again.{listId}");

    /// <summary>The id of the run; null if none was started.</summary>
    public string? Read() => File.Exists(_path) && File.ReadAllText(_path).Trim() is { Length: > 0 } id ? id : null;

    /// <summary>Keeps the id of the run before anything is submitted.</summary>
    public void Write(string id)
    {
        Directory.CreateDirectory(state);
        PrivateFiles.Write(_path, id + "\n");
    }

    /// <summary>Forgets the run; it is complete.</summary>
    public void Forget()
    {
        // The folder may not exist yet; then there is nothing to forget.
        if (File.Exists(_path))
            File.Delete(_path);
    }
}

using Pipeline.Emulator;
using Pipeline.IO;
using Pipeline.Model;

namespace Pipeline.Cli.Lists;

/// <summary>A list that was named on the command line.</summary>
/// <param name="Name">The name of its file or source; the extension may tell the format.</param>
/// <param name="Open">Opens it at its start; may be called several times.</param>
internal sealed record NamedList(string Name, Func<Stream> Open);

/// <summary>
/// Opens the lists that are named as LIST. A regular file is opened whenever it is needed. Anything else, such as
/// standard input, a FIFO or <c>&lt;(...)</c>, is read once and kept.
/// </summary>
internal sealed class ListSources : IDisposable
{
    private readonly List<BufferedList> _held = [];

    /// <summary>Standard input.</summary>
    public Task<NamedList> ReadInputAsync(CancellationToken cancellationToken) =>
        HoldAsync("standard input", CleanConsole.OpenInput, cancellationToken);

    /// <summary>A list given as text.</summary>
    public NamedList Hold(string name, byte[] text)
    {
        var held = BufferedList.Of(text);
        _held.Add(held);
        return new(name, held.Open);
    }

    /// <summary>A file, or anything else with a path.</summary>
    /// <exception cref="PipelineException">Permanent: it is a folder, or cannot be read.</exception>
    public async Task<NamedList> ReadAsync(string path, CancellationToken cancellationToken)
    {
        if (path.Length == 0)
            throw PipelineException.Permanent(
                FailureReasons.InvalidConfiguration,
                "A LIST is empty. Is a variable unset? Name a file, '-' for standard input, or a URL.");
        if (Directory.Exists(path))
            throw PipelineException.Permanent(
                FailureReasons.InvalidConfiguration,
                $"{path} is a folder. Name the files in it, such as {Path.Join(path, "*.txt")}.");
        try
        {
            // Opening a FIFO waits for a writer and cannot be interrupted.
            var file = await Task.Run(() => Open(path), cancellationToken).WaitAsync(cancellationToken);
            if (!file.CanSeek)
                return await HoldAsync(path, () => file, cancellationToken);
            await file.DisposeAsync();
            return new(Path.GetFileName(path), () => Open(path));
        }
        catch (FileNotFoundException problem)
        {
            throw PipelineException.Permanent(
                FailureReasons.InvalidConfiguration,
                $"There is no file {Path.GetFullPath(path)}. Name an existing file; a URL starts "
                    + "with http:// or https://.",
                problem);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw PipelineException.Permanent(
                FailureReasons.InvalidConfiguration,
                $"The list {Path.GetFullPath(path)} cannot be read: {FaultWords.Of(problem)}.", problem);
        }
    }

    public void Dispose() => _held.ForEach(held => held.Dispose());

    private static FileStream Open(string path) =>
        new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

    private async Task<NamedList> HoldAsync(string name, Func<Stream> open, CancellationToken cancellationToken)
    {
        var held = await BufferedList.ReadAsync(open, cancellationToken);
        _held.Add(held);
        return new(name, held.Open);
    }
}

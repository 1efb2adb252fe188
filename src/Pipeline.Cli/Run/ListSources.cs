using Pipeline.Model;

namespace Pipeline.Cli.Run;

/// <summary>One of the lists that were named, and how it is opened.</summary>
/// <param name="Name">The file's name, or what it is, for people; its end may tell the form.</param>
/// <param name="Open">Opens it at its start, as often as needed.</param>
internal sealed record NamedList(string Name, Func<Stream> Open);

/// <summary>
/// Finds the bytes of what was named as LIST. A regular file is opened again whenever it is needed; whatever else there is
/// (standard input, a FIFO, <c>&lt;(...)</c>) is read once and held.
/// </summary>
internal sealed class ListSources : IDisposable
{
    private readonly List<HeldList> _held = [];

    /// <summary>Standard input.</summary>
    public Task<NamedList> ReadInputAsync(CancellationToken cancellationToken) =>
        HoldAsync("standard input", Console.OpenStandardInput, cancellationToken);

    /// <summary>A text that is a list.</summary>
    public NamedList Hold(string name, byte[] text)
    {
        var held = HeldList.Of(text);
        _held.Add(held);
        return new(name, held.Open);
    }

    /// <summary>A file, or what has a path like one.</summary>
    /// <exception cref="PipelineException">Permanent: a folder, or nothing that can be read.</exception>
    public async Task<NamedList> ReadAsync(string path, CancellationToken cancellationToken)
    {
        if (path.Length == 0)
            throw PipelineException.Permanent(
                FailureReasons.InvalidConfiguration,
                "A LIST is empty text; is a variable unset? Name a file, '-' for standard input, or a URL.");
        if (Directory.Exists(path))
            throw PipelineException.Permanent(
                FailureReasons.InvalidConfiguration, $"{path} is a folder. Name the files in it, such as {Path.Join(path, "*.txt")}.");
        try
        {
            // A FIFO that nobody writes to cannot even be opened, and nothing can interrupt that either.
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
                $"There is no file {Path.GetFullPath(path)}. Name a list that is there; a URL starts with http:// or https://.",
                problem);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw PipelineException.Permanent(
                FailureReasons.InvalidConfiguration, $"The list {Path.GetFullPath(path)} cannot be read: {problem.Message}", problem);
        }
    }

    public void Dispose() => _held.ForEach(held => held.Dispose());

    private static FileStream Open(string path) => new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

    private async Task<NamedList> HoldAsync(string name, Func<Stream> open, CancellationToken cancellationToken)
    {
        var held = await HeldList.ReadAsync(open, cancellationToken);
        _held.Add(held);
        return new(name, held.Open);
    }
}

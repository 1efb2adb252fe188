using Pipeline.IO;
using Pipeline.Model;
using Pipeline.Stores.Local;

namespace Pipeline.Cli.Settings;

/// <summary>A file that a command writes where the user says.</summary>
internal static class OutputFile
{
    /// <summary>Opens it under a temporary name next to it.</summary>
    /// <param name="option">The option that names it.</param>
    /// <param name="path">Its path.</param>
    /// <exception cref="PipelineException">Permanent: nothing can be written there.</exception>
    public static AtomicFile Create(string option, string path)
    {
        try
        {
            return new(path);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw CannotWrite(option, path, problem);
        }
    }

    /// <summary>Says that a path cannot be written, without the temporary file, which the user did not name.</summary>
    public static PipelineException CannotWrite(string option, string path, Exception problem) =>
        PipelineException.Permanent(
            FailureReasons.InvalidConfiguration,
            $"{option} {path} cannot be written: {FaultWords.Of(problem)}. "
                + "Name a path in a folder that exists and that can be written.",
            problem);
}

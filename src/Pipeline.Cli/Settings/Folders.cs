using System.Security.Cryptography;
using Pipeline.IO;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Stores.Local;
using Pipeline.Stores.Local.Keeping;

namespace Pipeline.Cli.Settings;

/// <summary>The folders of a run, and the small files in its state.</summary>
internal static class Folders
{
    /// <summary>Name of the folder, inside the state, that holds lists for Intake.</summary>
    public const string ListsFolder = "lists";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Creates the folders, checks that they can be written, and removes what killed processes left.</summary>
    public static void Prepare(RunSettings settings, bool withOut)
    {
        if (withOut)
            Prepare("--out", settings.Out, secret: false);
        Prepare("--state", settings.State, secret: true);
        Directory.CreateDirectory(Spill(settings));
        PrivateFiles.RemoveTemporary(Spill(settings));
        HealthNote.RemoveUnused(settings.State);
        WorkFolder.RemoveUnused(settings.State);
        AtomicFile.RemoveUnused(Path.Combine(settings.State, ListsFolder));
    }

    /// <summary>The folder of large records that are not committed yet.</summary>
    public static string Spill(RunSettings settings) => Path.Combine(settings.State, "tmp");

    /// <summary>
    /// The key of this state's callback tokens. It is kept, because a run that continues must recognise its own
    /// webhooks.
    /// </summary>
    public static string CallbackKey(RunSettings settings) =>
        ReadOrMake(
            KeyFile(settings),
            () => Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));

    /// <summary>Adds that key, where none was given and the state has one. Makes none.</summary>
    public static void AddKeptKey(RunSettings settings, PipelineOptions options)
    {
        if (options.Delivery.CallbackKeys.Count == 0 && File.Exists(KeyFile(settings)))
            options.Delivery.CallbackKeys.Add(CallbackKey(settings));
    }

    private static string KeyFile(RunSettings settings) => Path.Combine(settings.State, "callback.key");

    private static void Prepare(string option, string folder, bool secret)
    {
        try
        {
            if (secret && !OperatingSystem.IsWindows())
                Directory.CreateDirectory(folder, OwnerOnly);
            else
                Directory.CreateDirectory(folder);
            using var probe = new FileStream(
                Path.Combine(folder, ".probe"),
                new FileStreamOptions
                {
                    Mode = FileMode.Create,
                    Access = FileAccess.Write,
                    Options = FileOptions.DeleteOnClose,
                });
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            var message = $"{option} {folder} cannot be written: {FaultWords.Of(problem)}. ";
            throw DiskFaults.IsFull(problem)
                ? PipelineException.StoreWaits(
                    FailureReasons.Unavailable, message + "Free some space, or name another folder.", problem)
                : PipelineException.Permanent(
                    FailureReasons.InvalidConfiguration, message + "Name a folder that can be written.", problem);
        }
    }

    private static string ReadOrMake(string path, Func<string> make)
    {
        if (!File.Exists(path))
            PrivateFiles.Write(path, make());
        PrivateFiles.Restrict(path);
        return File.ReadAllText(path);
    }
}

using System.Runtime.InteropServices;
using Pipeline.Model;

namespace Pipeline.Stores.Local;

/// <summary>
/// Finds the file that a rename may replace. A rename would put a regular file in the place of a device, a FIFO or a
/// link.
/// </summary>
internal static partial class ReplaceableFile
{
    private const int TypeMask = 0xF000, RegularFile = 0x8000;

    /// <summary>Follows links, so that the link stays and its target is replaced.</summary>
    /// <exception cref="PipelineException">Permanent: the path names something other than a file.</exception>
    public static string Resolve(string path)
    {
        if (!IsRegularOrAbsent(path))
            throw PipelineException.Permanent(
                FailureReasons.InvalidConfiguration,
                $"'{path}' is not a regular file, so it is not replaced. Name a file, or a path where nothing is.");
        return new FileInfo(path).LinkTarget is null
            ? path
            : File.ResolveLinkTarget(path, returnFinalTarget: true)!.FullName;
    }

    private static unsafe bool IsRegularOrAbsent(string path)
    {
        if (OperatingSystem.IsWindows())
            return !Directory.Exists(path);
        // .NET does not say whether a path is a device or a FIFO. The runtime's own stat has one layout on each system:
        // flags, then mode, then fields that are not read here.
        var status = stackalloc int[64];
        return Stat(path, status) != 0 || (status[1] & TypeMask) == RegularFile;
    }

    [LibraryImport("libSystem.Native", EntryPoint = "SystemNative_Stat", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static unsafe partial int Stat(string path, int* status);
}

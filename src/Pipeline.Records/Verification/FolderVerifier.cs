namespace Pipeline.Records;

/// <summary>
/// Verifies the results in a folder: <c>records.ndjson</c>, <c>failures.ndjson</c>, <c>manifest.json</c>.
/// </summary>
public static class FolderVerifier
{
    /// <summary>
    /// Reads everything once, in bounded memory. Checks every record's digest, every count and digest of the manifest,
    /// and that no id occurs twice.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="listId">The only list to verify; null for all.</param>
    /// <param name="options">The limits of reading; <c>OnProblem</c> is not used.</param>
    /// <param name="cancellationToken">Cancels the verification.</param>
    /// <exception cref="IOException">An existing file cannot be read.</exception>
    public static async Task<VerificationReport> VerifyAsync(
        string folder, string? listId = null, RecordReaderOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        using var verification = new Verification(options ?? new());
        var manifest = Path.Combine(folder, "manifest.json");
        await using (var stream = Open(manifest))
            await verification.AddManifestAsync(stream, manifest, listId, cancellationToken);
        var locations = verification.Manifests
            .SelectMany(list => (list.Locations ?? []).Select(l => (File: Find(folder, l.Uri), list.ListId!, l)))
            .ToLookup(l => l.File, l => (l.Item2, l.l));
        var records = Path.Combine(folder, "records.ndjson");
        foreach (var file in locations.Select(group => group.Key).Union(File.Exists(records) ? [records] : []))
            await verification.AddRecordsAsync(Open(file), file, [.. locations[file]], listId, cancellationToken);
        await AddFailuresAsync(verification, Path.Combine(folder, "failures.ndjson"), listId, cancellationToken);
        return verification.Finish();
    }

    private static async Task AddFailuresAsync(
        Verification verification, string file, string? listId, CancellationToken cancellationToken)
    {
        if (!File.Exists(file))
            return;
        verification.AddFile(file);
        verification.AddBytes(new FileInfo(file).Length);
        await foreach (var failure in FailureReader.ReadFileAsync(file, verification.Options, cancellationToken))
            if (listId is null || failure.ListId == listId)
                verification.Add(failure);
    }

    /// <summary>
    /// The folder may have been moved since the manifest was written, so look for the file in this folder first.
    /// </summary>
    private static string Find(string folder, string address)
    {
        var path = PathOf(address);
        var here = Path.Combine(folder, Path.GetFileName(path));
        return File.Exists(here) || !File.Exists(path) ? here : path;
    }

    /// <summary>
    /// The path of a <c>file</c> URI. Manifests of older versions have it unescaped, with a <c>#</c> or <c>?</c> that
    /// <see cref="Uri"/> would take for the end of the path.
    /// </summary>
    private static string PathOf(string address)
    {
        const string File = "file://";
        return address.StartsWith(File, StringComparison.OrdinalIgnoreCase)
            ? Uri.UnescapeDataString(address[File.Length..])
            : address;
    }

    private static FileStream? Open(string path) => File.Exists(path)
        ? new(
            path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0,
            FileOptions.Asynchronous | FileOptions.SequentialScan)
        : null;
}

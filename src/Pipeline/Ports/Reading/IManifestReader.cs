using Pipeline.Model;

namespace Pipeline.Ports.Reading;

/// <summary>Reads manifests back.</summary>
internal interface IManifestReader
{
    /// <summary>Returns the manifest of a list; null if there is none.</summary>
    Task<Manifest?> ReadManifestAsync(string listId, CancellationToken cancellationToken);
}

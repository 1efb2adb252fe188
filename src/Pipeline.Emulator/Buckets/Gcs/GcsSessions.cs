using System.Security.Cryptography;

namespace Pipeline.Emulator.Buckets.Gcs;

/// <summary>
/// Resumable uploads in progress, in memory. After a restart the client must start again, as it must when a session
/// expires.
/// </summary>
internal sealed class GcsSessions
{
    private const int MaxSessions = 256;

    private readonly Lock _lock = new();
    private readonly OrderedDictionary<string, (GcsUploadRequest Request, ObjectUpload Upload)> _idle = [];

    /// <summary>
    /// Adds an upload and returns its id. Drops the upload that was idle longest when there are too many.
    /// </summary>
    public string Add(GcsUploadRequest request, ObjectUpload upload)
    {
        var id = RandomNumberGenerator.GetHexString(32, lowercase: true);
        Return(id, request, upload);
        return id;
    }

    /// <summary>Removes an upload, so that no other request can use it; null if it does not exist.</summary>
    public (GcsUploadRequest Request, ObjectUpload Upload)? Take(string id)
    {
        lock (_lock)
            return _idle.Remove(id, out var session) ? session : null;
    }

    /// <summary>Puts an upload back.</summary>
    public void Return(string id, GcsUploadRequest request, ObjectUpload upload)
    {
        lock (_lock)
        {
            _idle.Add(id, (request, upload));
            if (_idle.Count <= MaxSessions)
                return;
            _idle.GetAt(0).Value.Upload.Dispose();
            _idle.RemoveAt(0);
        }
    }
}

using Pipeline.Emulator.Buckets;
using Pipeline.Emulator.Store;

namespace Pipeline.Emulator.Work;

/// <summary>Delivers objects, good or damaged: to its own buckets, or by the clouds' own clients to others.</summary>
internal sealed class ObjectWriter(TaskResults results, S3Writer s3, GcsWriter gcs, BucketStore buckets, StorageSettings settings)
{
    /// <summary>Writes a task's object with this damage.</summary>
    /// <returns>Whether an object was written; it is not when the damage is <c>missing</c>.</returns>
    /// <exception cref="DeliveryException">The storage refuses it or cannot be reached.</exception>
    public async Task<bool> WriteAsync(TaskRow task, ObjectAddress address, string? damage, CancellationToken cancellationToken)
    {
        if (damage == "missing")
            return false;
        var compress = task.Delivery.StorageCompress == true;
        var asGzip = compress == (damage != "mislabelled");
        await using var content = ObjectBytes.Damage(asGzip ? results.OpenGzip(task) : results.Open(task), damage, task.Faults.Draw);
        var contentType = compress ? "application/gzip" : "application/json";
        var isS3 = address.Scheme == "s3";
        if (!(isS3 ? settings.S3Outside : settings.GcsOutside))
        {
            await buckets.EnsureBucketAsync(address.Bucket);
            await buckets.PutAsync(address.Bucket, address.Key, content, new(contentType), cancellationToken);
        }
        else if (isS3)
            await s3.WriteAsync(address, content, contentType, cancellationToken);
        else
            await gcs.WriteAsync(address, content, contentType, cancellationToken);
        return true;
    }
}

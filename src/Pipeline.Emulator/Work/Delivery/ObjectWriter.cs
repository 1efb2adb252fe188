using Pipeline.Emulator.Buckets;
using Pipeline.Emulator.Hostile;
using Pipeline.Emulator.Store;
using Pipeline.Emulator.Work.Results;

namespace Pipeline.Emulator.Work.Delivery;

/// <summary>Delivers objects, good or damaged, to the emulator's own buckets or to a cloud.</summary>
internal sealed class ObjectWriter(
    TaskResults results, S3Writer s3, GcsWriter gcs, BucketStore buckets, StorageSettings settings)
{
    /// <summary>Writes a task's object, damaged unless the damage is null.</summary>
    /// <returns>False if the damage is <c>missing</c>, so that nothing was written; otherwise true.</returns>
    /// <exception cref="DeliveryException">The storage refused the object or could not be reached.</exception>
    public async Task<bool> WriteAsync(
        TaskRow task, DeliveryAddress address, string? damage, CancellationToken cancellationToken)
    {
        if (damage == "missing")
            return false;
        foreach (var (other, document) in HostileResult.Foreign(task, address))
        {
            using var foreign = new MemoryStream(document);
            await PutAsync(other, foreign, "application/json", cancellationToken);
        }

        var compress = task.Delivery.StorageCompress == true;
        var asGzip = compress == (damage != "mislabelled");
        await using var content = task.Faults.HostileResult == "bomb"
            ? new MemoryStream(GzipBomb.Bytes.ToArray())
            : ObjectBytes.Damage(asGzip ? results.OpenGzip(task) : results.Open(task), damage, task.Faults.Draw);
        await PutAsync(address, content, compress ? "application/gzip" : "application/json", cancellationToken);
        return true;
    }

    private async Task PutAsync(
        DeliveryAddress address, Stream content, string contentType, CancellationToken cancellationToken)
    {
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
    }
}

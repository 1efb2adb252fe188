using Pipeline.Emulator.Store;

namespace Pipeline.Emulator.Work.Delivery;

/// <summary>The address of a task's object.</summary>
internal sealed record DeliveryAddress(string Scheme, string Bucket, string Key)
{
    /// <summary>The address of a task's object; null when the task asks for no delivery.</summary>
    /// <remarks>
    /// The object is named after the task's id. A <c>storage_object_name</c> replaces the id of a single task; in a
    /// batch it is put before the id, because every object needs its own name.
    /// </remarks>
    public static DeliveryAddress? Of(TaskRow task)
    {
        if (task.Delivery.StorageUrl is not { } url)
            return null;
        var scheme = task.Delivery.StorageType!;
        var rest = url[(scheme.Length + 3)..];
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        var prefix = slash < 0 ? "" : rest[(slash + 1)..];
        var separator = prefix.Length == 0 || prefix.EndsWith('/') ? "" : "/";
        var name = task.Delivery.StorageObjectName is not { } given
            ? task.Id
            : task.BatchId is null
            ? given
            : $"{given}-{task.Id}";
        var extension = task.Delivery.StorageCompress == true ? ".json.gz" : ".json";
        return new(scheme, slash < 0 ? rest : rest[..slash], prefix + separator + name + extension);
    }

    public override string ToString() => $"{Scheme}://{Bucket}/{Key}";
}

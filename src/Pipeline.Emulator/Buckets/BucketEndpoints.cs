using Pipeline.Emulator.Buckets.Gcs;
using Pipeline.Emulator.Buckets.S3;
using Pipeline.Emulator.Faults;

namespace Pipeline.Emulator.Buckets;

/// <summary>
/// Serves the emulator's own buckets as S3 under <c>/s3</c> and as Google Cloud Storage under <c>/gcs</c>.
/// </summary>
internal static class BucketEndpoints
{
    public static void MapBuckets(this IEndpointRouteBuilder app, BucketStore store, StoreFaults? faults = null)
    {
        app.MapS3(store, faults);
        app.MapGcs(store, faults);
    }
}

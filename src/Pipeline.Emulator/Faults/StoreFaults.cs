using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Hashing;
using System.Text;
using Pipeline.Emulator.Buckets.Gcs;
using Pipeline.Emulator.Buckets.S3;
using Pipeline.Emulator.Store;

namespace Pipeline.Emulator.Faults;

/// <summary>
/// Injects faults into reads of the emulator's own buckets. An object's faults are drawn at its first read and stay;
/// a request's faults are drawn each time.
/// </summary>
internal sealed class StoreFaults(FaultInjector faults, TaskStore store, TimeProvider time)
{
    // S3 refuses a request whose signed time is off by more than this.
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(15);

    private readonly ConcurrentDictionary<string, ObjectFate> _fates = new();
    private FaultSet _of = FaultSet.None;
    private long _reads;

    /// <summary>Answers an S3 read with an error if a fault says so.</summary>
    /// <returns>True if it answered; false if the read continues, perhaps with a body that breaks off.</returns>
    public async Task<bool> BreakS3Async(HttpContext context, string key)
    {
        if (!IsRead(context))
            return false;
        var refusal = RefusalOfTime(context);
        var fate = FateOf(key);
        if (refusal == S3ErrorReply.None)
            refusal = fate switch
            {
                { IsArchived: true } => S3ErrorReply.Archived,
                _ when time.GetUtcNow() < fate.RefusedUntil => S3ErrorReply.ByCode(fate.Refusal),
                _ => DrawRefusal(),
            };
        if (refusal != S3ErrorReply.None)
        {
            await refusal.WriteAsync(context);
            return true;
        }

        if (fate.HasForeignETag)
            SetForeignETag(context, key);
        SpoilBody(context, key);
        return false;
    }

    /// <summary>
    /// The same for a GCS read. GCS reads archived objects like others, and clients do not compare its ETags.
    /// </summary>
    public async Task<bool> BreakGcsAsync(HttpContext context, string name)
    {
        if (!IsRead(context))
            return false;
        var fate = FateOf(name);
        var refusal = time.GetUtcNow() < fate.RefusedUntil ? S3ErrorReply.ByCode(fate.Refusal) : DrawRefusal();
        if (refusal == S3ErrorReply.None)
        {
            SpoilBody(context, name);
            return false;
        }

        await GcsJson.ErrorAsync(
            context, refusal.Status == 400 ? 401 : refusal.Status, "forbidden", $"Injected: {refusal.Message}");
        return true;
    }

    private bool IsRead(HttpContext context) =>
        faults.Current.Faults.Count > 0 && HttpMethods.IsGet(context.Request.Method);

    private ObjectFate FateOf(string key)
    {
        // The faults were replaced, so draws from the old ones no longer apply.
        if (Interlocked.Exchange(ref _of, faults.Current) != faults.Current)
            _fates.Clear();
        return _fates.GetOrAdd(key, DrawFate);
    }

    private ObjectFate DrawFate(string key)
    {
        var index = (long)XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(key));
        return new(
            time.GetUtcNow() + TimeSpan.FromMilliseconds(faults.Milliseconds("store_refused_ms", index)),
            faults.Word("store_refusal", index) ?? "AccessDenied",
            faults.Happens("object_archived", index),
            faults.Happens("object_etag", index));
    }

    private S3ErrorReply DrawRefusal()
    {
        var index = Interlocked.Increment(ref _reads);
        return faults.Happens("store_busy", index) ? S3ErrorReply.ByCode("SlowDown")
            : faults.Happens("store_timeout", index) ? S3ErrorReply.ByCode("RequestTimeout")
            : S3ErrorReply.None;
    }

    /// <summary>
    /// Refuses a request signed too far from the store's time, as S3 does. The <c>Date</c> header gives that time.
    /// </summary>
    private S3ErrorReply RefusalOfTime(HttpContext context)
    {
        if (faults.Setting("store_clock_s", 0) is not (> 0 and var ahead))
            return S3ErrorReply.None;
        var now = time.GetUtcNow().AddSeconds(ahead);
        context.Response.Headers.Date = now.ToString("R", CultureInfo.InvariantCulture);
        return DateTimeOffset.TryParseExact(
            context.Request.Headers["x-amz-date"], "yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal, out var signed)
            && (signed - now).Duration() > ClockTolerance
                ? S3ErrorReply.ByCode("RequestTimeTooSkewed")
                : S3ErrorReply.None;
    }

    /// <summary>
    /// Sends an ETag like that of a gateway or a restored backup: 32 hex digits that are not the MD5.
    /// </summary>
    private static void SetForeignETag(HttpContext context, string key)
    {
        var etag = $"\"{Convert.ToHexStringLower(XxHash128.Hash(Encoding.UTF8.GetBytes(key)))}\"";
        if (context.Request.Headers.IfMatch == etag)
            context.Request.Headers.IfMatch = "*";
        context.Response.OnStarting(() =>
        {
            if (context.Response.StatusCode < 300)
                context.Response.Headers.ETag = etag;
            return Task.CompletedTask;
        });
    }

    private void SpoilBody(HttpContext context, string key)
    {
        var index = Interlocked.Increment(ref _reads);
        BodyFault? fault = faults.Happens("store_cut", index) ? BodyFault.Cut
            : faults.Happens("store_stall", index) ? BodyFault.Stall
            : faults.Happens("store_drip", index) || IsDripping(key) ? BodyFault.Drip
            : null;
        if (fault is { } kind)
            context.Response.Body = new CorruptedBody(context, context.Response.Body, kind, time);
    }

    /// <summary>Whether an object belongs to a task whose result drips.</summary>
    private bool IsDripping(string key) =>
        faults.IsHostile
            && store.GetTask(key[(key.LastIndexOf('/') + 1)..].Split(".json")[0])?.Faults.HostileResult == "drip";

    private sealed record ObjectFate(DateTimeOffset RefusedUntil, string Refusal, bool IsArchived, bool HasForeignETag);
}

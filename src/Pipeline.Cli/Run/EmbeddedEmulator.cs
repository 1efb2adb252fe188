using System.Data.Common;
using Pipeline.Cli.Settings;
using Pipeline.Cli.Stores;
using Pipeline.Emulator;
using Pipeline.IO;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Stores;
using Pipeline.Stores.Local;

namespace Pipeline.Cli.Run;

/// <summary>The emulator in this process, for a run that has no API.</summary>
internal sealed class EmbeddedEmulator : IAsyncDisposable
{
    private const string Bucket = "s3://pipeline-results/";
    private const double RequestsPerSecond = 1000;

    private readonly RunningEmulator _emulator;
    private readonly StateClaim _claim;

    private EmbeddedEmulator(RunningEmulator emulator, StateClaim claim) => (_emulator, _claim) = (emulator, claim);

    /// <summary>The folder in which it keeps its tasks and results.</summary>
    public static string FolderOf(RunSettings settings) => Path.Combine(settings.State, "emulator");

    /// <summary>Starts it; its tasks are kept in the state folder, which no other emulator may use.</summary>
    /// <exception cref="PipelineException">The state is in use, the disk is full, or the emulator cannot
    /// start.</exception>
    public static async Task<EmbeddedEmulator> StartAsync(RunSettings settings, CancellationToken cancellationToken)
    {
        var claim = StateClaim.Take(settings);
        try
        {
            return new(await StartEmulatorAsync(settings, cancellationToken), claim);
        }
        catch
        {
            await claim.DisposeAsync();
            throw;
        }
    }

    /// <summary>Fills in what the emulator decides; what the user gives goes over it.</summary>
    public void ApplyTo(PipelineOptions options)
    {
        options.Nimble.IsEmulator = true;
        options.Nimble.BaseUrl = _emulator.BaseAddress;
        options.Nimble.RequestsPerSecond = RequestsPerSecond;
        options.Delivery.StorageUrl = Bucket;
        ApplyTimes(options);
    }

    /// <summary>Fills in how long to wait for it, also for commands that only say so.</summary>
    public static void ApplyTimes(PipelineOptions options)
    {
        // It accepts and lists a POST at once, so what it does not list soon after was never accepted. Posting that
        // again costs nobody anything.
        options.Nimble.Timeout = TimeSpan.FromSeconds(30);
        options.Submit.Unknown = UnknownPolicy.RepostWhenProvenAbsent;
        options.Submit.Quarantine = TimeSpan.FromSeconds(10);
        options.Sweep.PostingLease = options.Nimble.Timeout + options.Submit.Quarantine;
        options.Sweep.EvidenceWindow = options.Sweep.PostingLease + TimeSpan.FromMinutes(1);
    }

    /// <summary>Stores that are the emulator's own buckets.</summary>
    public ObjectStoreOptions StoresOver(ObjectStoreOptions stores) =>
        stores with
        {
            S3Endpoint = _emulator.S3Endpoint,
            S3AccessKey = "local",
            S3SecretKey = "local",
            GcsEndpoint = _emulator.GcsEndpoint.AbsoluteUri,
        };

    public async ValueTask DisposeAsync()
    {
        await _emulator.DisposeAsync();
        await _claim.DisposeAsync();
    }

    private static async Task<RunningEmulator> StartEmulatorAsync(
        RunSettings settings, CancellationToken cancellationToken)
    {
        RunningEmulator? emulator = null;
        try
        {
            var options = new EmulatorOptions
            {
                DataFolder = FolderOf(settings),
                Faults = settings.Faults ?? "",
                AllowPrivate = settings.AllowPrivate,
                Storage = settings.StoresAreOutside ? StorageMode.Outside : StorageMode.Own,
            };
            emulator = await Emulator.Emulator.StartAsync(options, cancellationToken);
            await emulator.EnsureBucketAsync(ObjectUri.Parse(settings.StorageUrl ?? Bucket).Bucket);
            return emulator;
        }
        catch (Exception problem) when (problem is IOException or FormatException or DbException)
        {
            if (emulator is not null)
                await emulator.DisposeAsync();
            throw problem is not FormatException && LocalErrors.IsFull(problem, settings.State)
                ? LocalErrors.DiskFull(settings.State, problem)
                : PipelineException.Permanent(
                    FailureReasons.InvalidConfiguration,
                    $"The emulator cannot start in {FolderOf(settings)}: {FaultWords.Of(problem)}.",
                    problem);
        }
    }
}

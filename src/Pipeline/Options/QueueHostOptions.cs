using System.ComponentModel.DataAnnotations;
using Pipeline.Hosting;
using Pipeline.Model;

namespace Pipeline.Options;

/// <summary>How <see cref="QueueHost"/> works.</summary>
internal sealed class QueueHostOptions
{
    /// <summary>How long a message is leased; renewed at a third of it while its handler runs. A worker that dies gives its messages back at the next start, or after this time to another worker.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan Visibility { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>The longest time between two sweeps.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "01:00:00")]
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How soon after the last sweep an idle pipeline is swept again; doubles, up to <see cref="SweepInterval"/>, while it stays idle.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "01:00:00")]
    public TimeSpan IdleSweepInterval { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The wait before the second try of a failed message; doubles with each further one, a random half of it taken off.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "01:00:00")]
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest such wait.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "1.00:00:00")]
    public TimeSpan MaxRetryDelay { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How many sweeps may fail one after the other, transient errors not counted, before the run ends with the error.</summary>
    [Range(1, 1000)]
    public int MaxSweepFailures { get; set; } = 5;
}

/// <summary>Who serves a queue.</summary>
/// <param name="Queue">Its name.</param>
/// <param name="Concurrency">How many messages at once.</param>
/// <param name="HandleAsync">Gets the body. What it throws decides: a permanent <see cref="PipelineException"/> is the end of the message, anything else another try.</param>
internal sealed record QueueHandler(string Queue, int Concurrency, Func<ReadOnlyMemory<byte>, CancellationToken, Task> HandleAsync);

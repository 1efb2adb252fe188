using System.Runtime.CompilerServices;
using Microsoft.Extensions.Time.Testing;

namespace Pipeline.Tests.Support;

/// <summary>
/// Waits for tests. Each ends after <see cref="Limit"/>, which is long for any machine, so that a fault fails its own
/// test and does not hang the run.
/// </summary>
internal static class Patience
{
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(5);

    /// <summary>Waits until a condition is true.</summary>
    public static Task UntilAsync(
        Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string says = "") =>
        UntilAsync(() => Task.FromResult(condition()), says);

    /// <summary>Waits until a condition is true.</summary>
    public static async Task UntilAsync(
        Func<Task<bool>> condition, [CallerArgumentExpression(nameof(condition))] string says = "")
    {
        using var limit = new CancellationTokenSource(Limit);
        while (!await condition())
        {
            Assert.False(limit.IsCancellationRequested, $"This did not become true within {Limit}: {says}");
            await Task.Delay(Look, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Advances a clock step by step until a task has ended.</summary>
    public static async Task AdvanceUntilAsync(this FakeTimeProvider time, Task task, TimeSpan step)
    {
        await UntilAsync(() =>
        {
            if (!task.IsCompleted)
                time.Advance(step);
            return task.IsCompleted;
        });
        await task;
    }

    /// <summary>Blocks the thread until the gate opens.</summary>
    public static void Pass(this ManualResetEventSlim gate) =>
        Assert.True(gate.Wait(Limit, TestContext.Current.CancellationToken), $"The gate stayed shut for {Limit}.");
}

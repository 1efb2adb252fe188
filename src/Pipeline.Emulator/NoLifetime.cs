namespace Pipeline.Emulator;

/// <summary>Leaves Ctrl+C and other signals to the program that hosts the emulator.</summary>
internal sealed class NoLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

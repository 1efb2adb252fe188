namespace Pipeline.Emulator.Work.Delivery;

/// <summary>The emulator's own address, known once it listens.</summary>
internal sealed class OwnAddress
{
    private readonly TaskCompletionSource<Uri> _address = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Uri Value =>
        _address.Task.IsCompletedSuccessfully
            ? _address.Task.Result
            : throw new InvalidOperationException("The emulator is not listening yet.");

    /// <summary>The address; null before it is known.</summary>
    public Uri? OrNull => _address.Task.IsCompletedSuccessfully ? _address.Task.Result : null;

    public void Set(Uri address) => _address.SetResult(address);

    public Task WaitAsync(CancellationToken cancellationToken) => _address.Task.WaitAsync(cancellationToken);
}

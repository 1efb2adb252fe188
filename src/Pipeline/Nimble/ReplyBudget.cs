namespace Pipeline.Nimble;

/// <summary>
/// One budget of bytes for all replies under way: so many small ones at once, and of those that turn out to be large one at a time.
/// A reply keeps its share until it is parsed.
/// </summary>
internal sealed class ReplyBudget(int small) : IDisposable
{
    /// <summary>The largest small reply, bytes: a thousand tasks as the documents show them are 200 KB.</summary>
    public const int SmallBytes = 2 << 20;

    private readonly SemaphoreSlim _small = new(small);
    private readonly SemaphoreSlim _large = new(1);

    /// <summary>Waits for a share.</summary>
    public async Task<Share> TakeAsync(CancellationToken cancellationToken)
    {
        await _small.WaitAsync(cancellationToken);
        return new(this);
    }

    public void Dispose()
    {
        _small.Dispose();
        _large.Dispose();
    }

    /// <summary>The share of one reply.</summary>
    internal sealed class Share(ReplyBudget budget) : IDisposable
    {
        private bool _isLarge;

        /// <summary>Waits until a reply may have more than <see cref="SmallBytes"/>.</summary>
        public async Task GrowAsync(CancellationToken cancellationToken)
        {
            if (_isLarge)
                return;
            await budget._large.WaitAsync(cancellationToken);
            _isLarge = true;
        }

        public void Dispose()
        {
            if (_isLarge)
                budget._large.Release();
            budget._small.Release();
        }
    }
}

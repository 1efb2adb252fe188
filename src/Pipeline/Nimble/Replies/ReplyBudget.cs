namespace Pipeline.Nimble.Replies;

/// <summary>
/// One budget of bytes for the replies under way: any number of very small ones, so many small ones at once, and of
/// those that turn out to be large one at a time. A reply that brings nothing holds no share, and one that waits for
/// its share has its time stopped, so that others cannot make it count as lost.
/// </summary>
internal sealed class ReplyBudget : IDisposable
{
    /// <summary>What a reply may have without a share, bytes: a task with its echo, a batch of a hundred.</summary>
    public const int FreeBytes = 64 << 10;

    /// <summary>The largest small reply, bytes: a thousand tasks as the documents show them are 200 KB.</summary>
    public const int SmallBytes = 2 << 20;

    private readonly SemaphoreSlim _small;
    private readonly SemaphoreSlim _large;

    private ReplyBudget(int small, SemaphoreSlim large) => (_small, _large) = (new(small), large);

    /// <summary>
    /// A budget each for the answers to reads and to POSTs, so that neither keeps the other waiting; large ones take
    /// turns.
    /// </summary>
    /// <param name="reads">Small answers to reads at once.</param>
    /// <param name="posts">Small answers to POSTs at once.</param>
    public static (ReplyBudget Reads, ReplyBudget Posts) Create(int reads, int posts)
    {
        var large = new SemaphoreSlim(1);
        return (new(reads, large), new(posts, large));
    }

    public void Dispose()
    {
        _small.Dispose();
        _large.Dispose();
    }

    /// <summary>The share of one reply; nothing at first.</summary>
    internal sealed class Share(ReplyBudget budget) : IDisposable
    {
        private bool _isSmall;
        private bool _isLarge;

        /// <summary>Waits until the reply may have so many bytes.</summary>
        public async Task GrowAsync(int bytes, ReplyTime time)
        {
            if (bytes > FreeBytes && !_isSmall)
                _isSmall = await time.WaitAsync(budget._small);
            if (bytes > SmallBytes && !_isLarge)
                _isLarge = await time.WaitAsync(budget._large);
        }

        public void Dispose()
        {
            if (_isLarge)
                budget._large.Release();
            if (_isSmall)
                budget._small.Release();
        }
    }
}

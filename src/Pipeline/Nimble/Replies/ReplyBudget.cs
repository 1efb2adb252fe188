namespace Pipeline.Nimble.Replies;

/// <summary>
/// A budget of bytes for the replies in progress: any number of very small ones, a limited number of small ones, and
/// one large one at a time. A reply takes its share only as it grows. While it waits for its share, its time is
/// stopped, so that other replies cannot make it time out.
/// </summary>
internal sealed class ReplyBudget : IDisposable
{
    /// <summary>What a reply may use without a share, bytes: a task with its echo, a batch of a hundred.</summary>
    public const int FreeBytes = 64 << 10;

    /// <summary>The largest small reply, bytes. A thousand tasks as documented are 200 KB.</summary>
    public const int SmallBytes = 2 << 20;

    private readonly SemaphoreSlim _small;
    private readonly SemaphoreSlim _large;

    private ReplyBudget(int small, SemaphoreSlim large) => (_small, _large) = (new(small), large);

    /// <summary>
    /// Creates a budget for reads and one for POSTs, so that neither delays the other. Large replies of both take
    /// turns.
    /// </summary>
    /// <param name="reads">Number of small answers to reads at once.</param>
    /// <param name="posts">Number of small answers to POSTs at once.</param>
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

    /// <summary>The share of one reply; empty at first.</summary>
    internal sealed class Share(ReplyBudget budget) : IDisposable
    {
        private bool _isSmall;
        private bool _isLarge;

        /// <summary>Waits until the reply may use this many bytes.</summary>
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

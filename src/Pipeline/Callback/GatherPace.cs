namespace Pipeline.Callback;

/// <summary>
/// Decides how long each message of a submission waits for more hints, from how the last ones arrived.
/// </summary>
internal sealed class GatherPace
{
    private const int FirstTrial = 8;
    private const int MaxTrial = 64;

    // A shorter wait gathers nothing beyond what arrives during a send.
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(4);

    private readonly TimeSpan _longest;
    private TimeSpan _next;
    private TimeSpan _wait;
    private DateTimeOffset _start;
    private int _untilTrial = FirstTrial;
    private int _trialEvery = FirstTrial;
    private bool _isTrial;

    /// <param name="longest">The longest wait.</param>
    public GatherPace(TimeSpan longest) => _longest = _next = longest;

    /// <summary>Begins a message. Returns how long it waits.</summary>
    public TimeSpan Begin(DateTimeOffset now)
    {
        _start = now;
        _isTrial = _next < _longest && --_untilTrial <= 0;
        return _wait = _isTrial ? _longest : _next;
    }

    /// <summary>Ends a message.</summary>
    /// <param name="lastHint">When its last hint arrived.</param>
    /// <param name="isFull">Whether it was sent because it was full.</param>
    public void End(DateTimeOffset lastHint, bool isFull)
    {
        var stillCame = isFull || lastHint - _start >= _wait / 2;
        if (_isTrial)
        {
            _trialEvery = stillCame ? FirstTrial : Math.Min(_trialEvery * 2, MaxTrial);
            _untilTrial = _trialEvery;
            if (stillCame)
                _next = _longest;
        }
        else if (!stillCame)
        {
            _next = _next / 2 < Shortest ? TimeSpan.Zero : _next / 2;
        }
        else if (_wait > TimeSpan.Zero)
        {
            _next = _next * 2 < _longest ? _next * 2 : _longest;
        }
    }
}

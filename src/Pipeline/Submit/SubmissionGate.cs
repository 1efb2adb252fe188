using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Ports.Ledgers;

namespace Pipeline.Submit;

/// <summary>
/// Pauses all submission while no POST can succeed: no budget at Nimble (402), a refused key (401, 403), too many
/// requests (429), deliveries that cannot be read. The pause is in the ledger and applies to every process. When it
/// ends, one POST tests whether Nimble accepts submissions again; all others wait for its answer.
/// </summary>
/// <remarks>
/// The pause for the day's budget is this process's own: the ledger counts the budget, so each process finds out by
/// itself, and a restart with a higher budget continues at once.
/// </remarks>
internal sealed partial class SubmissionGate(
    IPauseLedger shared, IOptions<PipelineOptions> options, TimeProvider time, ILogger<SubmissionGate> logger)
{
    // Age at which the known pause is read again, unless a POST is next.
    private static readonly TimeSpan KnownFor = TimeSpan.FromSeconds(5);

    // If the trial POST has no answer after this time, or after the length of a pause if that is shorter, another POST
    // tries: the process may have crashed.
    private static readonly TimeSpan LongestTrial = TimeSpan.FromSeconds(15);

    // How long the others wait before they ask whether the trial is over.
    private static readonly TimeSpan TrialLook = TimeSpan.FromSeconds(5);

    // Refusals of concurrent POSTs do not each write the same pause.
    private static readonly TimeSpan SamePause = TimeSpan.FromSeconds(1);

    private readonly string _account = AccountOf(options.Value.Nimble);
    private readonly TimeSpan _trialTime = options.Value.Nimble.RefusedPause is var pause && pause < LongestTrial
        ? pause
        : LongestTrial;
    private Pause? _ofDay;
    private Known _known = new(SharedPause.None, DateTimeOffset.MinValue);
    private Trial? _trial;

    /// <summary>The pause in force as this process last saw it, or null.</summary>
    public Pause? Current
    {
        get
        {
            var now = time.GetUtcNow();
            return _ofDay is { } day && day.Until > now ? day : InForce(_known.Pause, now);
        }
    }

    /// <summary>Returns the pause in force, as the ledger had it a few seconds ago at most.</summary>
    public async Task<Pause?> FindAsync(CancellationToken cancellationToken)
    {
        if ((time.GetUtcNow() - _known.At).Duration() >= KnownFor)
            await ReadAsync(cancellationToken);
        return Current;
    }

    /// <summary>
    /// Asks whether a submission may be posted now. The first one after a pause passes as the trial.
    /// </summary>
    /// <returns>The pause that it must wait for; null if it may pass.</returns>
    public async Task<Pause?> TryPassAsync(string submissionId, CancellationToken cancellationToken)
    {
        while (true)
        {
            var pause = await ReadAsync(cancellationToken);
            if (Current is { } inForce)
                return inForce;
            if (pause.Account != _account)
                return null;
            var trial = pause with { Until = time.GetUtcNow() + _trialTime, IsTried = true };
            if (await shared.WriteAsync(trial, cancellationToken) is { } written)
            {
                _trial = new(submissionId, Know(written));
                return null;
            }
        }
    }

    /// <summary>Ends the pause if the trial was this submission: its POST was accepted.</summary>
    public Task OpenAsync(string submissionId) =>
        EndTrial(submissionId) is { } trial ? EndAsync(SharedPause.None, trial) : Task.CompletedTask;

    /// <summary>Lets another submission try if the trial was this one and nobody knows whether it succeeded.</summary>
    public Task GiveUpTrialAsync(string submissionId) =>
        EndTrial(submissionId) is { } trial
            ? EndAsync(trial with { Until = time.GetUtcNow(), IsTried = false }, trial)
            : Task.CompletedTask;

    /// <summary>Ends the pause if it is for this reason.</summary>
    public Task OpenAsync(HoldReason hold) => _known.Pause is { } pause && pause.Hold == hold
        ? EndAsync(SharedPause.None, pause)
        : Task.CompletedTask;

    /// <summary>
    /// Holds submission back in all processes. A pause in force that ends later stays.
    /// </summary>
    /// <remarks>
    /// If the ledger is unavailable, only this process pauses: the answer to the POST must be written even then.
    /// </remarks>
    public async Task PauseForAsync(TimeSpan duration, string reason, HoldReason hold)
    {
        var pause = new SharedPause(time.GetUtcNow() + duration, reason, hold, _account);
        _trial = null;
        try
        {
            while (true)
            {
                var read = await ReadAsync(CancellationToken.None);
                var isCovered = read.Account == _account && !read.IsTried && read.Until >= pause.Until - SamePause;
                if (isCovered || await TryWriteAsync(pause, read))
                    return;
            }
        }
        catch (PipelineException e)
        {
            Know(pause);
            LogUnshared(e.Message);
        }
    }

    /// <summary>Holds submission back in this process until the day's budget is a new one.</summary>
    public void PauseForDay(TimeSpan duration, string reason) =>
        _ofDay = new(time.GetUtcNow() + duration, reason, HoldReason.DailyBudget);

    /// <summary>Lets submission go on if it waits for the day's budget.</summary>
    public void OpenDay() => _ofDay = null;

    private Pause? InForce(SharedPause pause, DateTimeOffset now)
    {
        if (pause.Account != _account || pause.Until <= now)
            return null;
        var until = pause.IsTried && pause.Until > now + TrialLook ? now + TrialLook : pause.Until;
        return new(until, pause.Reason, pause.Hold, pause.IsTried);
    }

    private async Task<SharedPause> ReadAsync(CancellationToken cancellationToken) =>
        Know(await shared.ReadAsync(cancellationToken));

    private SharedPause Know(SharedPause pause)
    {
        _known = new(pause, time.GetUtcNow());
        return pause;
    }

    /// <summary>
    /// Ends a pause, unless somebody else has changed it. If the ledger is unavailable, the pause ends by itself a
    /// little later: ongoing work must not fail for that.
    /// </summary>
    private async Task EndAsync(SharedPause pause, SharedPause read)
    {
        try
        {
            await TryWriteAsync(pause, read);
        }
        catch (PipelineException e)
        {
            LogNotEnded(e.Message);
        }
    }

    private async Task<bool> TryWriteAsync(SharedPause pause, SharedPause read)
    {
        var written = await shared.WriteAsync(pause with { Version = read.Version }, CancellationToken.None);
        if (written is not null)
            Know(written);
        return written is not null;
    }

    private SharedPause? EndTrial(string submissionId)
    {
        if (_trial is not { } trial || trial.SubmissionId != submissionId)
            return null;
        _trial = null;
        return trial.Pause;
    }

    /// <summary>Names an account without its key: enough to tell another key, too little to confirm a guess.</summary>
    private static string AccountOf(NimbleOptions nimble)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{nimble.BaseUrl}\n{nimble.ApiKey.Trim()}"));
        return Convert.ToHexStringLower(hash.AsSpan(0, 4));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "The pause of submission is not in the ledger and holds only this process: {Reason}")]
    private partial void LogUnshared(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "The end of a pause of submission could not be written; it ends by itself within a minute or two: {Reason}")]
    private partial void LogNotEnded(string reason);

    /// <summary>A pause.</summary>
    /// <param name="Until">When the next POST is tried.</param>
    /// <param name="Reason">What Nimble said or which guard it is, and what to do.</param>
    /// <param name="Hold">What submissions wait for; None for what passes within seconds.</param>
    /// <param name="IsTried">Whether a trial POST is under way whose answer this one waits for.</param>
    public sealed record Pause(DateTimeOffset Until, string Reason, HoldReason Hold, bool IsTried = false);

    private sealed record Known(SharedPause Pause, DateTimeOffset At);

    private sealed record Trial(string SubmissionId, SharedPause Pause);
}

using Azure;
using Microsoft.Extensions.Options;
using Pipeline.Cli.Settings;
using Pipeline.Model;

namespace Pipeline.Cli.Doctor;

/// <summary>Checks everything that a run depends on. A check that fails does not end the others.</summary>
/// <param name="settings">The settings of the run.</param>
/// <param name="faults">The faults of the settings.</param>
/// <param name="notify">Whether to send a test event to the receiver of notifications.</param>
internal sealed class Checks(RunSettings settings, IReadOnlyCollection<string> faults, bool notify)
{
    private const string NotAsked = "It was not asked: correct the settings first.";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly List<CheckReport> _reports = [];
    private bool _isWrong;
    private bool _isDown;

    /// <summary>Runs all checks.</summary>
    /// <param name="show">Receives each answer at once.</param>
    /// <param name="cancellationToken">Cancels the checks.</param>
    /// <returns>The answers, and the exit code: 2 if a setting must be corrected, 1 if a service is down.</returns>
    public async Task<DoctorReport> RunAsync(Func<CheckReport, Task> show, CancellationToken cancellationToken)
    {
        if (faults.Count == 0)
            await AddAsync(show, new("settings", true, "all are usable"));
        foreach (var fault in faults)
            await AddAsync(show, new("settings", false, fault));
        _isWrong = faults.Count > 0;
        await using var preflight = new Preflight(settings, settings.Stores with { MaxTries = 2 });
        foreach (var (name, ask) in Questions(preflight))
            await AddAsync(show, await CheckAsync(name, ask, cancellationToken));
        return new(_reports, _isWrong ? ExitCodes.Usage : _isDown ? ExitCodes.Error : ExitCodes.Complete);
    }

    private IEnumerable<(string Name, Func<CancellationToken, Task<string>> Ask)> Questions(Preflight preflight) =>
        [
            ("api", preflight.AskApiAsync),
            ("bucket", token => preflight.AskBucketAsync(reads: true, token)),
            .. IdentityQuestion(preflight),
            ("callback", preflight.AskCallbackAsync),
            ("notify", token => preflight.AskReceiverAsync(notify, token)),
            ("azure", settings.WorkStore.AskAsync),
            ("proxy", _ => Task.FromResult(preflight.DescribeProxies())),
        ];

    private static IEnumerable<(string Name, Func<CancellationToken, Task<string>> Ask)> IdentityQuestion(
        Preflight preflight) => preflight.UsesIdentity ? [("identity", preflight.AskIdentityAsync)] : [];

    private Task AddAsync(Func<CheckReport, Task> show, CheckReport report)
    {
        _reports.Add(report);
        return show(report);
    }

    private async Task<CheckReport> CheckAsync(
        string name, Func<CancellationToken, Task<string>> ask, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Patience, TimeProvider.System);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            return new(name, true, await ask(linked.Token));
        }
        catch (PipelineException e) when (faults.Contains(e.Message))
        {
            return new(name, false, NotAsked);
        }
        catch (PipelineException e)
        {
            (_isWrong, _isDown) = (_isWrong || e.IsPermanent, _isDown || !e.IsPermanent);
            return new(name, false, e.Message);
        }
        catch (RequestFailedException missing) when (missing.Status == 404)
        {
            _isWrong = true;
            return new(name, false, CommandFaults.NoAccount(missing));
        }
        catch (OptionsValidationException)
        {
            return new(name, false, NotAsked);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            _isDown = true;
            return new(
                name,
                false,
                $"There was no answer within {Patience.TotalSeconds:0} s. Check address, network and firewall.");
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // The other answers help to find out why.
            _isWrong = true;
            return new(name, false, $"{e.GetType().Name}: {e.Message}");
        }
    }
}

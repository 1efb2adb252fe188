using Pipeline.Ports.Ledgers;

namespace Pipeline.Stores.Local.Ledger;

/// <summary>The shared pause of all processes over one state. Its text is its version.</summary>
internal sealed class LocalPauseLedger(LocalDatabase database) : IPauseLedger
{
    /// <inheritdoc/>
    public Task<SharedPause> ReadAsync(CancellationToken cancellationToken) =>
        database.ReadAsync(
            session => session.Scalar("SELECT value FROM setting WHERE name='pause'") is string text
                ? PauseText.Read(text, text)
                : SharedPause.None,
            cancellationToken);

    /// <inheritdoc/>
    public async Task<SharedPause?> WriteAsync(SharedPause pause, CancellationToken cancellationToken)
    {
        var text = PauseText.Write(pause);
        var changed = await database.WriteAsync(
            session => pause.Version is { } read
                ? session.Execute("UPDATE setting SET value=$1 WHERE name='pause' AND value=$2", text, read)
                : session.Execute("INSERT INTO setting(name, value) VALUES('pause', $1) ON CONFLICT DO NOTHING", text),
            durable: false, cancellationToken);
        return changed == 1 ? pause with { Version = text } : null;
    }
}

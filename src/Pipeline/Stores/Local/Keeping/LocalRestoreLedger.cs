using System.Globalization;
using Pipeline.Ports.Ledgers;

namespace Pipeline.Stores.Local.Keeping;

/// <summary>The last restore of one machine's state, stored as a setting.</summary>
internal sealed class LocalRestoreLedger(LocalDatabase database) : IRestoreLedger
{
    private const string Name = "restored";

    /// <inheritdoc/>
    public Task<LedgerRestore?> FindRestoreAsync(CancellationToken cancellationToken) =>
        database.ReadAsync(Find, cancellationToken);

    /// <inheritdoc/>
    public Task ForgetRestoreAsync(CancellationToken cancellationToken) =>
        database.WriteAsync(
            session => session.Execute("DELETE FROM setting WHERE name=$1", Name), durable: true, cancellationToken);

    /// <summary>Returns the last restore of a database; null if there was none.</summary>
    public static LedgerRestore? Find(SqlSession session) =>
        session.Scalar("SELECT value FROM setting WHERE name=$1", Name) is string text
            && text.Split(' ') is [var since, var at]
            ? new LedgerRestore(Read(since), Read(at))
            : null;

    /// <summary>Writes that the state was restored.</summary>
    public static void Put(SqlSession session, LedgerRestore restore) =>
        session.Execute(
            "INSERT INTO setting(name, value) VALUES($1, $2) ON CONFLICT DO UPDATE SET value=$2", Name,
            string.Create(CultureInfo.InvariantCulture, $"{restore.Since.UtcTicks} {restore.At.UtcTicks}"));

    private static DateTimeOffset Read(string ticks) =>
        new(long.Parse(ticks, CultureInfo.InvariantCulture), TimeSpan.Zero);
}

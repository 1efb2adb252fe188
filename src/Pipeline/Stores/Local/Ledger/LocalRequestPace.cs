using System.Globalization;
using Pipeline.Ports.Ledgers;

namespace Pipeline.Stores.Local.Ledger;

/// <summary>The pace of all processes over one state: the first free turn, in UTC ticks.</summary>
internal sealed class LocalRequestPace(LocalDatabase database) : IRequestPace
{
    /// <inheritdoc/>
    public Task<DateTimeOffset> ReserveAsync(
        int count, TimeSpan interval, DateTimeOffset now, CancellationToken cancellationToken) =>
        database.WriteAsync(session => Reserve(session, count, interval, now), durable: false, cancellationToken);

    private static DateTimeOffset Reserve(SqlSession session, int count, TimeSpan interval, DateTimeOffset now)
    {
        DateTimeOffset? free = session.Scalar("SELECT value FROM setting WHERE name='pace'") is string text
            ? new(long.Parse(text, CultureInfo.InvariantCulture), TimeSpan.Zero)
            : null;
        var first = Turns.First(free, interval, now);
        var next = (first + (count * interval)).UtcTicks.ToString(CultureInfo.InvariantCulture);
        session.Execute(
            "INSERT INTO setting(name, value) VALUES('pace', $1) ON CONFLICT DO UPDATE SET value=$1", next);
        return first;
    }
}

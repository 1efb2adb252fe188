using System.Globalization;

namespace Pipeline.Stores.Local;

/// <summary>
/// Stores the wall clock's last known time in the state. Due times are times of that clock. If it is set back by a day,
/// everything would wait a day longer, so times that are then in the future are set back as well.
/// </summary>
internal static class LocalClock
{
    private static readonly long Step = TimeSpan.FromSeconds(1).Ticks;

    // Time servers make smaller corrections every day, and they delay work by no more than that.
    private static readonly long Tolerance = TimeSpan.FromMinutes(1).Ticks;

    /// <summary>Whether the stored time is current to a second, so that there is nothing to do.</summary>
    public static bool IsKnown(SqlSession session, long now) =>
        Seen(session) is { } seen && Math.Abs(now - seen) < Step;

    /// <summary>Stores the time. If the clock was set back, also sets back the times of waiting work.</summary>
    public static void Follow(SqlSession session, long now)
    {
        if (Seen(session) is { } seen && seen - now > Tolerance)
            SetBack(session, now, seen - now);
        session.Execute(
            "INSERT INTO setting(name, value) VALUES('clock', $1) ON CONFLICT DO UPDATE SET value=$1",
            now.ToString(CultureInfo.InvariantCulture));
    }

    private static long? Seen(SqlSession session) =>
        session.Scalar("SELECT value FROM setting WHERE name='clock'") is string text
            ? long.Parse(text, CultureInfo.InvariantCulture)
            : null;

    private static void SetBack(SqlSession session, long now, long by)
    {
        session.Execute("UPDATE message SET visible_at=visible_at-$2 WHERE visible_at>$1", now, by);
        session.Execute(
            """
            UPDATE submission SET
                posted_at=CASE WHEN posted_at>$1 THEN posted_at-$2 ELSE posted_at END,
                accepted_at=CASE WHEN accepted_at>$1 THEN accepted_at-$2 ELSE accepted_at END,
                completed_at=CASE WHEN completed_at>$1 THEN completed_at-$2 ELSE completed_at END,
                due_at=CASE WHEN due_at>$1 THEN due_at-$2 ELSE due_at END,
                version=version+1
            WHERE due_at>$1 OR posted_at>$1
            """,
            now, by);
    }
}

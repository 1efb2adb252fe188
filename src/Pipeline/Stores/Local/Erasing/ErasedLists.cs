using Pipeline.Ports.Ledgers;

namespace Pipeline.Stores.Local.Erasing;

/// <summary>
/// The erased lists of a state: hashes of their ids. A writer checks them in the same transaction, so a worker that
/// read a list before it was erased brings nothing of it back.
/// </summary>
internal static class ErasedLists
{
    private const string Prefix = "erased:";

    public static bool Has(SqlSession session, string listId) =>
        session.Scalar("SELECT 1 FROM setting WHERE name=$1", Prefix + ErasedList.NameOf(listId)) is not null;

    public static void Add(SqlSession session, string listId, DateTimeOffset now) =>
        Add(session, Prefix + ErasedList.NameOf(listId), now.UtcDateTime.ToString("u"));

    /// <summary>Adds one in the form in which <see cref="All"/> returns it.</summary>
    public static void Add(SqlSession session, string name, string value) =>
        session.Execute("INSERT INTO setting(name, value) VALUES($1, $2) ON CONFLICT DO NOTHING", name, value);

    /// <summary>Returns all, for another state.</summary>
    public static IReadOnlyList<(string Name, string Value)> All(SqlSession session)
    {
        using var rows = session.Query(
            "SELECT name, value FROM setting WHERE name>=$1 AND name<$2", Prefix, Prefix + "~");
        var all = new List<(string, string)>();
        while (rows.Read())
            all.Add((rows.GetString(0), rows.GetString(1)));
        return all;
    }
}

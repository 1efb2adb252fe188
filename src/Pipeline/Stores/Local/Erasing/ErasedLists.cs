using Pipeline.Ports.Ledgers;

namespace Pipeline.Stores.Local.Erasing;

/// <summary>
/// The erased lists of a state: hashes of their ids. Whoever writes about a list asks here in the same transaction, so
/// a worker that read the list before it was erased brings nothing of it back.
/// </summary>
internal static class ErasedLists
{
    private const string Prefix = "erased:";

    public static bool Has(SqlSession session, string listId) =>
        session.Scalar("SELECT 1 FROM setting WHERE name=$1", Prefix + ErasedList.NameOf(listId)) is not null;

    public static void Add(SqlSession session, string listId, DateTimeOffset now) =>
        session.Execute(
            "INSERT INTO setting(name, value) VALUES($1, $2) ON CONFLICT DO NOTHING",
            Prefix + ErasedList.NameOf(listId), now.UtcDateTime.ToString("u"));
}

using Pipeline.Json;
using Pipeline.Model;

namespace Pipeline.Stores.Local.Records;

/// <summary>Corrects the addresses of files that a state holds, after their folder was moved.</summary>
internal static class MovedFolder
{
    /// <summary>Replaces the old folder by the new one at the start of every address in a column of JSON.</summary>
    /// <param name="session">The state.</param>
    /// <param name="table">The table.</param>
    /// <param name="column">The column; blobs of UTF-8.</param>
    /// <param name="from">The old path.</param>
    /// <param name="to">The new path.</param>
    public static void Rename(SqlSession session, string table, string column, string from, string to)
    {
        var (old, moved) = (ObjectUri.ForFile(from).AsPrefix(), ObjectUri.ForFile(to).AsPrefix().ToString());
        // Older versions did not escape the path. This form comes second, because a new address may start with the old
        // one.
        foreach (var address in new[] { old.ToString(), $"{old.Scheme}://{old.Key}" }.Distinct())
            session.Execute(
                $"UPDATE {table} SET {column}=CAST(REPLACE(CAST({column} AS TEXT), $1, $2) AS BLOB)",
                Encode(address), Encode(moved));
    }

    // The address as it stands in a JSON string.
    private static string Encode(string address) => MinimalJsonEncoder.Instance.Encode(address);
}

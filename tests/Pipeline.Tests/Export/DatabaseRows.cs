using System.Data.Common;

namespace Pipeline.Tests.Export;

/// <summary>Reads the rows of a query from any database.</summary>
internal static class DatabaseRows
{
    /// <summary>Opens the connection, runs a query and returns its rows; null where a value is missing.</summary>
    public static IReadOnlyList<IReadOnlyList<object?>> ReadRows(this DbConnection connection, string sql)
    {
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var rows = new List<IReadOnlyList<object?>>();
        while (reader.Read())
            rows.Add([.. Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? null : reader[i])]);
        return rows;
    }
}

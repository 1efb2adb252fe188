using DuckDB.NET.Data;

namespace Pipeline.Tests.Export;

/// <summary>DuckDB, a reader of files that shares no code with their writer.</summary>
internal static class Duck
{
    /// <summary>Runs a query in UTC and returns its rows.</summary>
    public static IReadOnlyList<IReadOnlyList<object?>> Query(string sql)
    {
        using var connection = new DuckDBConnection("DataSource=:memory:");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var rows = new List<IReadOnlyList<object?>>();
        while (reader.Read())
            rows.Add([.. Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? null : reader[i])]);
        return rows;
    }

    /// <summary>Returns the only value of a query.</summary>
    public static object? Value(string sql) => Assert.Single(Assert.Single(Query(sql)));
}

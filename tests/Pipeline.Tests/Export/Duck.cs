using DuckDB.NET.Data;

namespace Pipeline.Tests.Export;

/// <summary>DuckDB, a reader of files that shares no code with their writer.</summary>
internal static class Duck
{
    /// <summary>Runs a query in UTC and returns its rows.</summary>
    public static IReadOnlyList<IReadOnlyList<object?>> Query(string sql)
    {
        using var connection = new DuckDBConnection("DataSource=:memory:");
        return connection.ReadRows(sql);
    }

    /// <summary>Returns the only value of a query.</summary>
    public static object? Value(string sql) => Assert.Single(Assert.Single(Query(sql)));
}

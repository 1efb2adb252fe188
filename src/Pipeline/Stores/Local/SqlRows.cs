namespace Pipeline.Stores.Local;

/// <summary>The rows of a query, in the order of its result. Its statement is busy until they are disposed.</summary>
internal readonly struct SqlRows(SqlStatement statement) : IDisposable
{
    /// <summary>How many columns a row has.</summary>
    public int Columns => statement.Columns;

    /// <summary>Advances to the next row, at first to the first one. Returns false if there is none.</summary>
    public bool Read() => statement.Step();

    public bool IsNull(int column) => statement.IsNull(column);

    public string GetString(int column) => statement.Text(column);

    public int GetInt32(int column) => checked((int)statement.Integer(column));

    public long GetInt64(int column) => statement.Integer(column);

    public bool GetBoolean(int column) => statement.Integer(column) != 0;

    public byte[] GetBytes(int column) => statement.Bytes(column).ToArray();

    public void Dispose() => statement.Close();
}

using System.Text.Json;
using System.Text.RegularExpressions;
using Npgsql;
using NpgsqlTypes;
using Pipeline.Records;

namespace Pipeline.Samples.Postgres;

/// <summary>
/// The tables. A record's effects and its id are written in one transaction, so each record takes effect exactly once,
/// however often it comes and whenever the process is killed.
/// </summary>
internal sealed partial class PageTable(NpgsqlDataSource database)
{
    private const string InsertPage = """
        INSERT INTO page (id, list_id, url, line, http_status, collected_at, content_digest, html, parsed)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (id) DO NOTHING
        """;

    private const string CountPage = """
        INSERT INTO host (name, pages) VALUES ($1, $2)
        ON CONFLICT (name) DO UPDATE SET pages = host.pages + EXCLUDED.pages
        """;

    private const string Savepoint = "record";

    // The class of PostgreSQL's errors of values.
    private const string DataException = "22";

    public async Task CreateAsync(CancellationToken cancellationToken)
    {
        using var schema = new StreamReader(typeof(PageTable).Assembly.GetManifestResourceStream("schema.sql")!);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var command = new NpgsqlCommand(await schema.ReadToEndAsync(cancellationToken), connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Stores records that are not there yet. Returns their number.</summary>
    /// <exception cref="RecordException">A record cannot be read or stored. All others are stored.</exception>
    public async Task<int> StoreAsync(IAsyncEnumerable<Record> records, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        // In the order of their names: consumers that lock the same rows in different orders block each other.
        var hosts = new SortedDictionary<string, long>(StringComparer.Ordinal);
        var problem = await InsertAllAsync(records, hosts, transaction, cancellationToken);
        foreach (var (host, pages) in hosts)
        {
            await using var count = new NpgsqlCommand(CountPage, connection)
            {
                Parameters = { Text(host), Value(pages, NpgsqlDbType.Bigint) },
            };
            await count.ExecuteNonQueryAsync(cancellationToken);
        }
        await transaction.CommitAsync(cancellationToken);
        return problem is null ? (int)hosts.Values.Sum() : throw problem;
    }

    /// <summary>Inserts all records that can be, and counts their hosts. Returns the first problem.</summary>
    private static async Task<RecordException?> InsertAllAsync(
        IAsyncEnumerable<Record> records, SortedDictionary<string, long> hosts, NpgsqlTransaction transaction,
        CancellationToken cancellationToken)
    {
        RecordException? refused = null;
        try
        {
            await foreach (var record in records.WithCancellation(cancellationToken))
            {
                await transaction.SaveAsync(Savepoint, cancellationToken);
                try
                {
                    if (await InsertAsync(record, transaction.Connection!, cancellationToken))
                        hosts[HostOf(record)] = hosts.GetValueOrDefault(HostOf(record)) + 1;
                }
                // A value that PostgreSQL cannot hold, such as 1e999999 in jsonb, is the fault of one record.
                catch (PostgresException e) when (e.SqlState.StartsWith(DataException, StringComparison.Ordinal))
                {
                    await transaction.RollbackAsync(Savepoint, cancellationToken);
                    refused ??= new(RecordFault.Invalid, e.MessageText, record.Position, record.Id, e);
                }
            }
            return refused;
        }
        // The reader throws after it gave what can be read.
        catch (RecordException unreadable)
        {
            return unreadable;
        }
    }

    private static async Task<bool> InsertAsync(
        Record record, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var insert = new NpgsqlCommand(InsertPage, connection)
        {
            Parameters =
            {
                Text(record.Id),
                Text(record.ListId),
                Text(record.Url),
                Value(record.Line, NpgsqlDbType.Bigint),
                Value(record.HttpStatus, NpgsqlDbType.Integer),
                Value(record.CollectedAt.ToUniversalTime(), NpgsqlDbType.TimestampTz),
                Text(record.ContentDigest),
                // Null where it exceeds MaxMemoryBytes: record.OpenRead("html") then has it.
                Text(record.Content?.Html),
                Value(Json(record.Parsed), NpgsqlDbType.Jsonb),
            },
        };
        return await insert.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    private static string HostOf(Record record) =>
        Uri.TryCreate(record.Url, UriKind.Absolute, out var url) ? url.Host : "";

    /// <summary>PostgreSQL has no NUL in text (error 22021), and JSON of web pages may.</summary>
    private static NpgsqlParameter Text(string? text) => Value(text?.Replace('\0', '\uFFFD'), NpgsqlDbType.Text);

    private static string? Json(JsonElement? json) =>
        json is { } value ? EscapedNul().Replace(value.GetRawText(), @"\uFFFD") : null;

    private static NpgsqlParameter Value(object? value, NpgsqlDbType type) =>
        new() { Value = value ?? DBNull.Value, NpgsqlDbType = type };

    /// <summary>The escape of a NUL, but not the text of one behind an escaped backslash.</summary>
    [GeneratedRegex(@"(?<=(?<!\\)(?:\\\\)*)\\u0000")]
    private static partial Regex EscapedNul();
}

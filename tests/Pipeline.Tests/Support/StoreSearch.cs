using System.IO.Compression;
using System.Text;
using Azure.Data.Tables;
using Microsoft.Data.Sqlite;
using Pipeline.Stores.Azure;

namespace Pipeline.Tests.Support;

/// <summary>
/// Searches everything in a store for a text: every byte of every file, every row, blob and message. Compressed blobs
/// are unpacked.
/// </summary>
internal static class StoreSearch
{
    /// <summary>Returns the paths of the files that contain a text, in their names or in any byte.</summary>
    public static IReadOnlyList<string> Files(string text, params IEnumerable<string> folders) =>
    [
        .. folders.Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFileSystemEntries(folder, "*", SearchOption.AllDirectories))
            .Where(path => Path.GetFileName(path).Contains(text, StringComparison.Ordinal)
                || (File.Exists(path) && Contains(Read(path), text))),
    ];

    /// <summary>Returns the rows of a SQLite database that contain a text.</summary>
    public static IReadOnlyList<string> Rows(string path, string text)
    {
        using var database = new SqliteConnection($"Data Source={path};Pooling=False");
        database.Open();
        var found = new List<string>();
        foreach (var table in Query(database, "SELECT name FROM sqlite_master WHERE type='table'"))
            foreach (var row in Query(database, $"SELECT * FROM \"{table.GetString(0)}\""))
                for (var i = 0; i < row.FieldCount; i++)
                    if ((row.GetValue(i) is byte[] bytes ? Encoding.Latin1.GetString(bytes) : $"{row.GetValue(i)}")
                        .Contains(text, StringComparison.Ordinal))
                        found.Add($"row of {table.GetString(0)}: {row.GetName(i)}={row.GetValue(i)}");
        return found;
    }

    private static IEnumerable<SqliteDataReader> Query(SqliteConnection database, string sql)
    {
        using var command = database.CreateCommand();
#pragma warning disable CA2100 // The names of tables come from the database itself.
        command.CommandText = sql;
#pragma warning restore CA2100
        using var rows = command.ExecuteReader();
        while (rows.Read())
            yield return rows;
    }

    /// <summary>Returns the places of an account that contain a text.</summary>
    public static async Task<IReadOnlyList<string>> AccountAsync(AzuriteAccount azurite, string text)
    {
        using var account = azurite.Open();
        return
        [
            .. (await BlobsAsync(account, text)).Concat(await RowsAsync(account, text))
                .Concat(await MessagesAsync(account, text)),
        ];
    }

    private static async Task<List<string>> BlobsAsync(AzureAccount account, string text)
    {
        var found = new List<string>();
        await foreach (var container in account.Blobs.GetBlobContainersAsync())
        {
            var client = account.Blobs.GetBlobContainerClient(container.Name);
            await foreach (var blob in client.GetBlobsAsync())
            {
                var content = await client.GetBlobClient(blob.Name).DownloadContentAsync();
                var metadata = string.Join(' ', content.Value.Details.Metadata.Values);
                if ($"{blob.Name} {metadata}".Contains(text, StringComparison.Ordinal)
                    || Contains(Unpack(content.Value.Content.ToArray()), text))
                    found.Add($"blob {container.Name}/{blob.Name}");
            }
        }
        return found;
    }

    private static async Task<List<string>> RowsAsync(AzureAccount account, string text)
    {
        var found = new List<string>();
        await foreach (var table in account.Tables.QueryAsync())
            await foreach (var row in account.Tables.GetTableClient(table.Name).QueryAsync<TableEntity>())
                if (row.Any(p => (p.Value is byte[] bytes ? Encoding.Latin1.GetString(bytes) : $"{p.Value}")
                    .Contains(text, StringComparison.Ordinal)))
                    found.Add($"row {table.Name}/{row.PartitionKey}/{row.RowKey}");
        return found;
    }

    private static async Task<List<string>> MessagesAsync(AzureAccount account, string text)
    {
        var found = new List<string>();
        await foreach (var queue in account.Queues.GetQueuesAsync())
        {
            var client = account.Queues.GetQueueClient(queue.Name);
            foreach (var message in (await client.PeekMessagesAsync(32)).Value)
                if (message.Body.ToString().Contains(text, StringComparison.Ordinal))
                    found.Add($"message in {queue.Name}: {message.Body}");
        }
        return found;
    }

    private static byte[] Unpack(byte[] content)
    {
        if (content is not [0x1f, 0x8b, ..])
            return content;
        using var plain = new MemoryStream();
        using (var gzip = new GZipStream(new MemoryStream(content), CompressionMode.Decompress))
            gzip.CopyTo(plain);
        return plain.ToArray();
    }

    private static byte[] Read(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }

    private static bool Contains(byte[] bytes, string text) =>
        bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0;
}

using System.Security.Cryptography;
using System.Text;
using Pipeline.Ports.Reading;
using Pipeline.Stores.Local.Erasing;

namespace Pipeline.Stores.Local;

/// <summary>Idempotency keys in the settings of the state. Keys come from outside, so their hashes are kept.</summary>
internal sealed class LocalRequestKeys(LocalDatabase database, TimeProvider time) : IRequestKeys
{
    private const string Prefix = "request:";

    /// <inheritdoc/>
    public Task<KnownRequest?> FindRequestAsync(string key, CancellationToken cancellationToken) =>
        database.ReadAsync(session => Find(session, NameOf(key), time.GetUtcNow()), cancellationToken);

    /// <inheritdoc/>
    public Task<KnownRequest> AddRequestAsync(
        string key, KnownRequest request, DateTimeOffset now, CancellationToken cancellationToken) =>
        database.WriteAsync(session =>
        {
            session.Execute(
                "DELETE FROM setting WHERE name>$1 AND name<$2 AND value<$3", Prefix, Prefix + "~",
                Time(now - IRequestKeys.Kept));
            if (!ErasedLists.Has(session, request.ListId))
                session.Execute(
                    "INSERT INTO setting(name, value) VALUES($1, $2) ON CONFLICT DO NOTHING",
                    NameOf(key), $"{Time(now)} {request.Hash} {request.ListId}");
            return Find(session, NameOf(key), now) ?? request;
        }, durable: false, cancellationToken);

    private static KnownRequest? Find(SqlSession session, string name, DateTimeOffset now) =>
        session.Scalar(
            "SELECT value FROM setting WHERE name=$1 AND value>=$2", name,
            Time(now - IRequestKeys.Kept)) is string value
            && value.Split(' ') is [_, var hash, var listId]
            ? new(hash, listId)
            : null;

    private static string NameOf(string key) =>
        Prefix + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    private static string Time(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss", System.Globalization.CultureInfo.InvariantCulture);
}

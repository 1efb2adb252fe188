using System.Globalization;
using System.Text.Json;
using Pipeline.Json;
using Pipeline.Model.Actions;
using Pipeline.Ports.Ledgers;
using Pipeline.Stores.Local.Erasing;

namespace Pipeline.Stores.Local.Ledger;

/// <summary>Actions on one machine, each a setting of the state.</summary>
internal sealed class LocalActionLedger(LocalDatabase database) : IActionLedger
{
    /// <summary>Prefix of the setting of a subject.</summary>
    public const string Prefix = "action:";

    /// <inheritdoc/>
    public Task<ActionEntry?> FindActionAsync(string subject, CancellationToken cancellationToken) =>
        database.ReadAsync(
            session => session.Scalar("SELECT value FROM setting WHERE name=$1", Prefix + subject) is string json
                ? JsonSerializer.Deserialize(json, PipelineJson.Plain.ActionEntry)
                : null,
            cancellationToken);

    /// <inheritdoc/>
    public Task BeginActionAsync(ActionEntry action, CancellationToken cancellationToken) =>
        database.WriteAsync(
            session =>
            {
                session.Execute(
                    "DELETE FROM setting WHERE name>$1 AND name<$2 AND json_extract(value, '$.updated_at')<$3",
                    Prefix, Prefix + "~", Text(action.UpdatedAt - IActionLedger.Kept));
                return ErasedLists.Has(session, action.Subject)
                    ? 0
                    : session.Execute(
                        "INSERT INTO setting(name, value) VALUES($1, $2) ON CONFLICT DO UPDATE SET value=$2",
                        Prefix + action.Subject, Write(action));
            },
            durable: false, cancellationToken);

    /// <inheritdoc/>
    public Task UpdateActionAsync(ActionEntry action, CancellationToken cancellationToken) =>
        database.WriteAsync(
            session => session.Execute(
                "UPDATE setting SET value=$2 WHERE name=$1", Prefix + action.Subject, Write(action)),
            durable: false, cancellationToken);

    // Times in the JSON begin like this, so they sort with it.
    private static string Text(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture);

    private static string Write(ActionEntry action) => JsonSerializer.Serialize(action, PipelineJson.Plain.ActionEntry);
}

using System.Text.Json;
using Pipeline.Json;
using Pipeline.Model.Schedules;
using Pipeline.Ports.Ledgers;

namespace Pipeline.Stores.Local.Ledger;

/// <summary>Schedules of one machine, each a setting of the state. Its JSON is its version.</summary>
internal sealed class LocalScheduleLedger(LocalDatabase database) : IScheduleLedger
{
    private const string Prefix = "schedule:";

    // Sorts after every name with the prefix.
    private const string AfterPrefix = "schedule;";

    /// <inheritdoc/>
    public Task<IReadOnlyList<StoredSchedule>> GetSchedulesAsync(CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<StoredSchedule>>(
            session =>
            {
                var schedules = new List<StoredSchedule>();
                using var rows = session.Query(
                    "SELECT value FROM setting WHERE name>=$1 AND name<$2 ORDER BY name", Prefix, AfterPrefix);
                while (rows.Read())
                    schedules.Add(new(Read(rows.GetString(0)), rows.GetString(0)));
                return schedules;
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task PutScheduleAsync(ScheduleEntry schedule, CancellationToken cancellationToken) =>
        database.WriteAsync(
            session => session.Execute(
                "INSERT INTO setting(name, value) VALUES($1, $2) ON CONFLICT DO UPDATE SET value=$2",
                Prefix + schedule.Name, Write(schedule)),
            durable: true,
            cancellationToken);

    /// <inheritdoc/>
    public Task<bool> UpdateScheduleAsync(StoredSchedule schedule, CancellationToken cancellationToken) =>
        database.WriteAsync(
            session => session.Execute(
                "UPDATE setting SET value=$3 WHERE name=$1 AND value=$2",
                Prefix + schedule.Entry.Name, schedule.Version, Write(schedule.Entry)) == 1,
            durable: true,
            cancellationToken);

    /// <inheritdoc/>
    public Task<bool> RemoveScheduleAsync(string name, CancellationToken cancellationToken) =>
        database.WriteAsync(
            session => session.Execute("DELETE FROM setting WHERE name=$1", Prefix + name) == 1,
            durable: true,
            cancellationToken);

    private static ScheduleEntry Read(string json) =>
        JsonSerializer.Deserialize(json, PipelineJson.Plain.ScheduleEntry)!;

    private static string Write(ScheduleEntry schedule) =>
        JsonSerializer.Serialize(schedule, PipelineJson.Plain.ScheduleEntry);
}

using System.Text.Json;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Ports.Ledgers;
using Pipeline.Stores.Local.Ledger;

namespace Pipeline.Stores.Local.Erasing;

/// <summary>Deletes the rows about a list, wherever its id or its URLs may be.</summary>
internal static class ListRows
{
    /// <summary>Deletes all but the rows of records, failures and messages.</summary>
    public static ErasedParts Erase(SqlSession session, string listId)
    {
        var (submissions, inputs, others) = (0L, 0L, 0L);
        foreach (var id in Submissions(session, listId))
        {
            submissions += session.Execute("DELETE FROM submission WHERE submission_id=$1", id);
            inputs += session.Execute("DELETE FROM input WHERE submission_id=$1", id);
            session.Execute("DELETE FROM task WHERE submission_id=$1", id);
            session.Execute("DELETE FROM input_filter WHERE submission_id=$1", id);
        }
        others += session.Execute("DELETE FROM series WHERE list_id=$1", listId);
        others += session.Execute("DELETE FROM series_run WHERE list_id=$1", listId);
        session.Execute("DELETE FROM series_pin WHERE list_id=$1", listId);
        session.Execute("DELETE FROM list_origin WHERE list_id=$1", listId);
        others += session.Execute("DELETE FROM event WHERE list_id=$1", listId);
        others += EraseManifest(session, listId);
        EraseBudgets(session, listId);
        others += EraseSettings(session, listId);
        session.Execute("DELETE FROM setting WHERE name=$1", LocalActionLedger.Prefix + listId);
        others += session.Execute("DELETE FROM list WHERE list_id=$1", listId);
        return new() { Submissions = submissions, Inputs = inputs, Others = others };
    }

    /// <summary>Deletes the failures of a list; <c>failures.ndjson</c> is rewritten.</summary>
    public static int EraseFailures(SqlSession session, string listId)
    {
        var erased = session.Execute(
            "DELETE FROM failure WHERE json_extract(CAST(json AS TEXT), '$.list_id')=$1", listId);
        if (erased > 0)
            OutputFiles.Mark(session, OutputFiles.Failures);
        return erased;
    }

    private static int EraseManifest(SqlSession session, string listId)
    {
        var erased = session.Execute("DELETE FROM manifest WHERE list_id=$1", listId);
        if (erased > 0)
            OutputFiles.Mark(session, OutputFiles.Manifest);
        return erased;
    }

    /// <summary>
    /// Returns the ids of all submissions, including those that an interrupted write left without their entry.
    /// </summary>
    private static List<string> Submissions(SqlSession session, string listId)
    {
        var ids = new HashSet<string>(StringComparer.Ordinal);
        foreach (var table in (string[])["submission", "input", "task", "input_filter"])
        {
            using var rows = session.Query(
                $"SELECT DISTINCT submission_id FROM {table} WHERE submission_id>$1 AND submission_id<$2",
                listId + "-", listId + ".");
            while (rows.Read())
                ids.Add(rows.GetString(0));
        }
        return [.. ids.Where(id => SubmissionIds.ListOf(id) == listId)];
    }

    // The sum of a day stays, because that money is spent.
    private static void EraseBudgets(SqlSession session, string listId)
    {
        session.Execute("DELETE FROM reservation WHERE budget=$1", $"list.{listId}");
        session.Execute("DELETE FROM budget WHERE name=$1", $"list.{listId}");
        var found = new List<(string Budget, string Name)>();
        using (var rows = session.Query(
            "SELECT budget, name FROM reservation WHERE name>$1 AND name<$2", listId + "-", listId + "."))
        {
            while (rows.Read())
                found.Add((rows.GetString(0), rows.GetString(1)));
        }
        foreach (var (budget, name) in found.Where(
            row => SubmissionIds.ListOf(row.Name[..row.Name.LastIndexOf('.')]) == listId))
            session.Execute("DELETE FROM reservation WHERE budget=$1 AND name=$2", budget, name);
    }

    /// <summary>
    /// Removes the keys of the requests that created the list, and the list from the schedule whose last run it was.
    /// </summary>
    private static int EraseSettings(SqlSession session, string listId)
    {
        var settings = new List<(string Name, string Value)>();
        using (var rows = session.Query(
            "SELECT name, value FROM setting WHERE name LIKE 'request:%' OR name LIKE 'schedule:%'"))
        {
            while (rows.Read())
                settings.Add((rows.GetString(0), rows.GetString(1)));
        }
        var changed = 0;
        foreach (var (name, value) in settings)
        {
            if (name.StartsWith("request:", StringComparison.Ordinal))
                changed += value.EndsWith($" {listId}", StringComparison.Ordinal)
                    ? session.Execute("DELETE FROM setting WHERE name=$1", name)
                    : 0;
            else if (JsonSerializer.Deserialize(value, PipelineJson.Plain.ScheduleEntry) is { } schedule
                && schedule.LastListId == listId)
                changed += session.Execute(
                    "UPDATE setting SET value=$2 WHERE name=$1", name,
                    JsonSerializer.Serialize(schedule with { LastListId = null }, PipelineJson.Plain.ScheduleEntry));
        }
        return changed;
    }
}

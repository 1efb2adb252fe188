namespace Pipeline.Emulator.Store;

/// <summary>
/// The tables of <see cref="TaskStore"/>. Triggers keep the totals, whatever statement changes a row.
/// </summary>
internal static class TaskSchema
{
    public const string Sql = """
        CREATE TABLE IF NOT EXISTS posts (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, is_batch INTEGER NOT NULL,
            inputs INTEGER NOT NULL,
            delivery TEXT NOT NULL, answered TEXT NOT NULL, created_at INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS tasks (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, post INTEGER NOT NULL,
            ordinal INTEGER NOT NULL, state INTEGER NOT NULL,
            input TEXT NOT NULL, faults TEXT, created_at INTEGER NOT NULL, finished_at INTEGER, status_code INTEGER,
            error TEXT, error_type TEXT, output_url TEXT,
            delivered INTEGER NOT NULL DEFAULT 0, calls INTEGER NOT NULL DEFAULT 0,
            calls_taken INTEGER NOT NULL DEFAULT 0);
        CREATE INDEX IF NOT EXISTS tasks_post ON tasks (post, state);
        CREATE TABLE IF NOT EXISTS jobs (seq INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL,
            due_at INTEGER NOT NULL, task INTEGER NOT NULL, attempt INTEGER NOT NULL);
        CREATE INDEX IF NOT EXISTS jobs_due ON jobs (kind, due_at, seq);
        CREATE TABLE IF NOT EXISTS totals (pending INTEGER NOT NULL, success INTEGER NOT NULL, error INTEGER NOT NULL,
            batches INTEGER NOT NULL, objects INTEGER NOT NULL, calls INTEGER NOT NULL, calls_taken INTEGER NOT NULL);
        INSERT INTO totals
            SELECT count(*) FILTER (WHERE state = 0), count(*) FILTER (WHERE state = 1),
                count(*) FILTER (WHERE state = 2), (SELECT count(*) FROM posts WHERE is_batch = 1),
                ifnull(sum(delivered), 0), ifnull(sum(calls), 0), ifnull(sum(calls_taken), 0)
            FROM tasks WHERE NOT EXISTS (SELECT 1 FROM totals) HAVING NOT EXISTS (SELECT 1 FROM totals);
        CREATE TRIGGER IF NOT EXISTS batch_added AFTER INSERT ON posts WHEN new.is_batch = 1 BEGIN
            UPDATE totals SET batches = batches + 1;
        END;
        CREATE TRIGGER IF NOT EXISTS task_added AFTER INSERT ON tasks BEGIN
            UPDATE totals SET pending = pending + 1;
        END;
        CREATE TRIGGER IF NOT EXISTS task_changed AFTER UPDATE ON tasks BEGIN
            UPDATE totals SET
                pending = pending + (new.state = 0) - (old.state = 0),
                success = success + (new.state = 1) - (old.state = 1),
                error = error + (new.state = 2) - (old.state = 2),
                objects = objects + new.delivered - old.delivered,
                calls = calls + new.calls - old.calls,
                calls_taken = calls_taken + new.calls_taken - old.calls_taken;
        END;
        """;
}

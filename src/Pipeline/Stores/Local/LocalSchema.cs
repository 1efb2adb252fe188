using Pipeline.Model;

namespace Pipeline.Stores.Local;

/// <summary>
/// Creates and migrates the tables of a state file. <c>user_version</c> is the version of its schema.
/// </summary>
internal static class LocalSchema
{
    public const int Version = 14;

    // Times are UTC ticks, so that they are read back exactly. Message ids are never reused: an old receipt must not
    // match a new message.
    private const string Tables =
        """
        CREATE TABLE setting(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

        CREATE TABLE message(
            id INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, body BLOB NOT NULL, visible_at INTEGER NOT NULL,
            dequeue_count INTEGER NOT NULL DEFAULT 0, receipt INTEGER NOT NULL DEFAULT 0, owner TEXT, error TEXT);
        CREATE INDEX message_visible ON message(queue, visible_at);
        CREATE INDEX message_owner ON message(owner) WHERE owner IS NOT NULL;

        CREATE TABLE list(
            list_id TEXT PRIMARY KEY, state INTEGER NOT NULL, source TEXT, inputs INTEGER NOT NULL,
            duplicates INTEGER NOT NULL, invalid INTEGER NOT NULL,
            submissions INTEGER NOT NULL, created_at INTEGER NOT NULL, closed_at INTEGER, version INTEGER NOT NULL,
            setback TEXT,
            content_hash TEXT, message TEXT, steering INTEGER NOT NULL DEFAULT 0, steered_at INTEGER, series TEXT,
            left_out INTEGER NOT NULL DEFAULT 0, known INTEGER NOT NULL DEFAULT 0, known_since INTEGER,
            removed INTEGER NOT NULL DEFAULT 0, revision_of TEXT);
        CREATE INDEX list_open ON list(list_id) WHERE state <> 2;
        CREATE TABLE list_origin(list_id TEXT PRIMARY KEY, message BLOB NOT NULL) WITHOUT ROWID;

        CREATE TABLE submission(
            submission_id TEXT PRIMARY KEY, list_id TEXT NOT NULL, sequence INTEGER NOT NULL, state INTEGER NOT NULL,
            count INTEGER NOT NULL,
            shared_inputs TEXT NOT NULL, storage_url TEXT, compressed INTEGER NOT NULL, has_callback INTEGER NOT NULL,
            batch_id TEXT,
            posted_at INTEGER, accepted_at INTEGER, completed_at INTEGER, due_at INTEGER, looks INTEGER NOT NULL,
            completed_count INTEGER NOT NULL,
            records INTEGER NOT NULL, failures INTEGER NOT NULL, message TEXT, version INTEGER NOT NULL,
            attempt INTEGER NOT NULL DEFAULT 1, repeat_of TEXT, proof INTEGER NOT NULL DEFAULT 0,
            waits_for TEXT, hold INTEGER NOT NULL DEFAULT 0, held_since INTEGER, heard_at INTEGER,
            setback TEXT, result_setback TEXT, not_before INTEGER, recorded INTEGER NOT NULL DEFAULT 0,
            failed INTEGER NOT NULL DEFAULT 0,
            moved INTEGER NOT NULL DEFAULT 0, series TEXT, tally TEXT, lost_since INTEGER, lost_until INTEGER);
        CREATE INDEX submission_list ON submission(list_id, sequence);
        CREATE INDEX submission_due ON submission(due_at) WHERE due_at IS NOT NULL;

        CREATE TABLE input(
            submission_id TEXT NOT NULL, ordinal INTEGER NOT NULL, id TEXT NOT NULL, url TEXT NOT NULL, input TEXT,
            line INTEGER NOT NULL,
            state INTEGER NOT NULL, task_id TEXT, learnt INTEGER NOT NULL, reason TEXT, failure TEXT,
            finished_at INTEGER, version INTEGER NOT NULL,
            moved_to TEXT, kept TEXT, http_status INTEGER, series TEXT, part TEXT, part_offset INTEGER,
            part_length INTEGER, content_digest TEXT, PRIMARY KEY(submission_id, ordinal)) WITHOUT ROWID;

        CREATE TABLE input_filter(submission_id TEXT PRIMARY KEY, bits BLOB NOT NULL);

        CREATE TABLE task(
            submission_id TEXT NOT NULL, task_id TEXT NOT NULL, ordinal INTEGER, is_over INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY(submission_id, task_id)) WITHOUT ROWID;

        CREATE TABLE reservation(
            budget TEXT NOT NULL, name TEXT NOT NULL, urls INTEGER NOT NULL, PRIMARY KEY(budget, name)) WITHOUT ROWID;
        CREATE TABLE budget(name TEXT PRIMARY KEY, urls INTEGER NOT NULL) WITHOUT ROWID;

        CREATE TABLE event(
            sequence INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, kind TEXT NOT NULL, list_id TEXT,
            who TEXT NOT NULL, text TEXT NOT NULL);

        CREATE TABLE sink_file(name TEXT PRIMARY KEY, length INTEGER NOT NULL, state INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE record(
            id TEXT PRIMARY KEY, list_id TEXT NOT NULL, submission_id TEXT NOT NULL, offset INTEGER NOT NULL,
            length INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE record_count(list_id TEXT PRIMARY KEY, records INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE failure(sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, json BLOB NOT NULL);
        CREATE TABLE manifest(
            list_id TEXT PRIMARY KEY, inputs INTEGER NOT NULL, records INTEGER NOT NULL, failures INTEGER NOT NULL,
            duplicates INTEGER NOT NULL,
            json BLOB NOT NULL) WITHOUT ROWID;
        """ + SeriesTables;

    private const string SeriesTables =
        """

        CREATE TABLE series(
            name TEXT NOT NULL, key TEXT NOT NULL, content_digest TEXT NOT NULL, text_digest TEXT, http_status INTEGER,
            record_id TEXT NOT NULL, list_id TEXT NOT NULL, run_at INTEGER NOT NULL, recorded_at INTEGER NOT NULL,
            PRIMARY KEY(name, key)) WITHOUT ROWID;
        CREATE TABLE series_run(
            name TEXT NOT NULL, run_at INTEGER NOT NULL, list_id TEXT NOT NULL,
            PRIMARY KEY(name, run_at, list_id)) WITHOUT ROWID;
        CREATE TABLE series_pin(
            list_id TEXT NOT NULL, block INTEGER NOT NULL, pin BLOB NOT NULL,
            PRIMARY KEY(list_id, block)) WITHOUT ROWID;
        """;

    // Migrates from version 1. Accepted submissions of version 1 are assumed to be proven by the answer to their POST.
    private const string FromVersion1 =
        """
        ALTER TABLE submission ADD COLUMN attempt INTEGER NOT NULL DEFAULT 1;
        ALTER TABLE submission ADD COLUMN repeat_of TEXT;
        ALTER TABLE submission ADD COLUMN proof INTEGER NOT NULL DEFAULT 0;
        UPDATE submission SET proof=1 WHERE accepted_at IS NOT NULL;
        ALTER TABLE input ADD COLUMN moved_to TEXT;
        """;

    // Migrates from version 2.
    private const string FromVersion2 =
        """
        ALTER TABLE submission ADD COLUMN waits_for TEXT;
        ALTER TABLE submission ADD COLUMN hold INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE submission ADD COLUMN held_since INTEGER;
        ALTER TABLE submission ADD COLUMN heard_at INTEGER;
        CREATE TABLE reservation(
            budget TEXT NOT NULL, name TEXT NOT NULL, urls INTEGER NOT NULL, PRIMARY KEY(budget, name)) WITHOUT ROWID;
        CREATE TABLE budget(name TEXT PRIMARY KEY, urls INTEGER NOT NULL) WITHOUT ROWID;
        """;

    // Migrates from version 3. A submission's row counts the outcomes of its inputs, in the transaction that writes
    // them.
    private const string FromVersion3 =
        """
        ALTER TABLE list ADD COLUMN setback TEXT;
        ALTER TABLE submission ADD COLUMN setback TEXT;
        ALTER TABLE submission ADD COLUMN result_setback TEXT;
        ALTER TABLE submission ADD COLUMN not_before INTEGER;
        ALTER TABLE submission ADD COLUMN recorded INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE submission ADD COLUMN failed INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE submission ADD COLUMN moved INTEGER NOT NULL DEFAULT 0;
        UPDATE submission SET
            recorded=(SELECT COUNT(*) FROM input i WHERE i.submission_id=submission.submission_id AND i.state=1),
            failed=(SELECT COUNT(*) FROM input i WHERE i.submission_id=submission.submission_id AND i.state=2),
            moved=(SELECT COUNT(*) FROM input i WHERE i.submission_id=submission.submission_id AND i.state=3);
        """;

    // 1 is InputState.Recorded, 2 is InputState.Failed, 3 is InputState.Moved.
    private const string Triggers =
        """
        CREATE TRIGGER input_created AFTER INSERT ON input WHEN NEW.state<>0 BEGIN
            UPDATE submission SET recorded=recorded+(NEW.state=1), failed=failed+(NEW.state=2),
                moved=moved+(NEW.state=3)
                WHERE submission_id=NEW.submission_id;
        END;
        CREATE TRIGGER input_changed AFTER UPDATE OF state ON input WHEN NEW.state<>OLD.state BEGIN
            UPDATE submission SET
                recorded=recorded+(NEW.state=1)-(OLD.state=1), failed=failed+(NEW.state=2)-(OLD.state=2),
                moved=moved+(NEW.state=3)-(OLD.state=3)
                WHERE submission_id=NEW.submission_id;
        END;
        """;

    // Migrates from version 4.
    private const string FromVersion4 =
        """
        ALTER TABLE list ADD COLUMN content_hash TEXT;
        ALTER TABLE list ADD COLUMN message TEXT;
        ALTER TABLE input ADD COLUMN kept TEXT;
        ALTER TABLE input ADD COLUMN http_status INTEGER;
        """;

    // Migrates from version 5.
    private const string FromVersion5 = "ALTER TABLE task ADD COLUMN is_over INTEGER NOT NULL DEFAULT 0;";

    // Migrates from version 6.
    private const string FromVersion6 =
        """
        ALTER TABLE list ADD COLUMN steering INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE list ADD COLUMN steered_at INTEGER;
        CREATE TABLE event(
            sequence INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, kind TEXT NOT NULL, list_id TEXT,
            who TEXT NOT NULL, text TEXT NOT NULL);
        """;

    // Migrates from version 7.
    private const string FromVersion7 =
        """
        ALTER TABLE list ADD COLUMN series TEXT;
        ALTER TABLE list ADD COLUMN left_out INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE list ADD COLUMN known INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE list ADD COLUMN known_since INTEGER;
        ALTER TABLE list ADD COLUMN removed INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE input ADD COLUMN series TEXT;
        ALTER TABLE submission ADD COLUMN series TEXT;
        """ + SeriesTables;

    // Migrates from version 8.
    private const string FromVersion8 =
        """
        ALTER TABLE input ADD COLUMN part TEXT;
        ALTER TABLE input ADD COLUMN part_offset INTEGER;
        ALTER TABLE input ADD COLUMN part_length INTEGER;
        ALTER TABLE input ADD COLUMN content_digest TEXT;
        """;

    // Migrates from version 9. A submission without a tally has its inputs counted again.
    private const string FromVersion9 = "ALTER TABLE submission ADD COLUMN tally TEXT;";

    // Migrates from version 10. Older submissions have no filter.
    private const string FromVersion10 =
        "CREATE TABLE input_filter(submission_id TEXT PRIMARY KEY, bits BLOB NOT NULL);";

    // Migrates from version 11.
    private const string FromVersion11 = "ALTER TABLE list ADD COLUMN revision_of TEXT;";

    // Migrates from version 12. The messages that brought older lists were not kept.
    private const string FromVersion12 =
        "CREATE TABLE list_origin(list_id TEXT PRIMARY KEY, message BLOB NOT NULL) WITHOUT ROWID;";

    // Migrates from version 13.
    private const string FromVersion13 =
        """
        ALTER TABLE submission ADD COLUMN lost_since INTEGER;
        ALTER TABLE submission ADD COLUMN lost_until INTEGER;
        """;

    // Indexed by the version that each migrates from, starting with 1.
    private static readonly string[] Migrations =
    [
        FromVersion1, FromVersion2, FromVersion3, FromVersion4, FromVersion5, FromVersion6, FromVersion7, FromVersion8,
        FromVersion9, FromVersion10, FromVersion11, FromVersion12, FromVersion13,
    ];

    /// <summary>Migrates a file to the current version. Several processes may do this concurrently.</summary>
    public static void Apply(SqlSession session, string path)
    {
        session.Script(
            "PRAGMA journal_mode=WAL; PRAGMA journal_size_limit=67108864; PRAGMA wal_autocheckpoint=4000; "
                + "PRAGMA cache_size=-4096;");
        session.Script("BEGIN IMMEDIATE");
        var version = (long)session.Scalar("PRAGMA user_version")!;
        if (version > Version)
            throw PipelineException.Permanent(
                FailureReasons.InvalidConfiguration,
                $"The state file '{path}' was written by a newer version of this program. Use that version, "
                    + "or another state folder.");
        if (version == 0)
            session.Script(Tables);
        else
            foreach (var migration in Migrations.Skip((int)version - 1))
                session.Script(migration);
        if (version < 4)
            session.Script(Triggers);
        if (version < Version)
            session.Script($"PRAGMA user_version={Version};");
        session.Script("COMMIT");
    }
}

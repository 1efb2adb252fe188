-- Several consumers may start at once, and IF NOT EXISTS does not stop two of them from creating the same table.
SELECT pg_advisory_xact_lock(727265636);

CREATE TABLE IF NOT EXISTS page (
  id             text PRIMARY KEY,
  list_id        text NOT NULL,
  url            text NOT NULL,
  line           bigint,
  http_status    integer,
  collected_at   timestamptz NOT NULL,
  content_digest text NOT NULL,
  html           text,
  parsed         jsonb
);

-- An effect that must not happen twice: the number of pages of each host.
CREATE TABLE IF NOT EXISTS host (
  name  text PRIMARY KEY,
  pages bigint NOT NULL
);

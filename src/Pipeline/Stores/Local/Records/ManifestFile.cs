using System.Text.Json;
using Pipeline.Json;
using Pipeline.Model;

namespace Pipeline.Stores.Local.Records;

/// <summary>
/// <c>manifest.json</c>: the manifest of the only list in the folder; for several lists, their sums, with every
/// manifest under <c>lists</c>. Used only by the writer.
/// </summary>
internal sealed class ManifestFile(string path)
{
    private readonly NdjsonFile _file = new(path);

    public string Path => path;

    public void Create(SqlSession session) => _file.Create(session);

    /// <summary>
    /// Stores a manifest and marks the file for rewriting. The mark must be committed before <see cref="Repair"/>.
    /// </summary>
    public void Put(SqlSession session, Manifest manifest)
    {
        session.Execute(
            "INSERT INTO manifest(list_id, inputs, records, failures, duplicates, json) VALUES($1, $2, $3, $4, $5, $6) "
            + "ON CONFLICT DO UPDATE SET inputs=$2, records=$3, failures=$4, duplicates=$5, json=$6",
            manifest.ListId, manifest.Inputs, manifest.Records, manifest.Failures, manifest.Duplicates,
            JsonSerializer.SerializeToUtf8Bytes(manifest, PipelineJson.Plain.Manifest));
        _file.Mark(session, FileCondition.Rewriting);
    }

    /// <summary>Marks a missing or truncated file for rewriting from the state.</summary>
    public void PrepareRewrite(SqlSession session)
    {
        if (_file.IsShort(session))
            _file.Mark(session, FileCondition.Rewriting);
    }

    /// <summary>
    /// Rewrites the file if it is marked. Several manifests that were stored together are written once.
    /// </summary>
    public void Repair(SqlSession session)
    {
        if (_file.Condition(session) == FileCondition.Rewriting)
            _file.Rewrite(session, stream => Write(session, stream));
    }

    private static void Write(SqlSession session, Stream stream)
    {
        using (var json = new Utf8JsonWriter(stream, new() { Indented = true, Encoder = MinimalJsonEncoder.Instance }))
        {
            using var sums = session.Query(
                "SELECT COUNT(*), TOTAL(inputs), TOTAL(records), TOTAL(failures), TOTAL(duplicates) FROM manifest");
            sums.Read();
            var isOne = sums.GetInt64(0) == 1;
            if (!isOne)
            {
                json.WriteStartObject();
                json.WriteString("schema", "pipeline.manifest/1");
                json.WriteNumber("inputs", sums.GetInt64(1));
                json.WriteNumber("records", sums.GetInt64(2));
                json.WriteNumber("failures", sums.GetInt64(3));
                json.WriteNumber("duplicates", sums.GetInt64(4));
                json.WriteStartArray("lists");
            }
            using var rows = session.Query("SELECT json FROM manifest ORDER BY list_id");
            while (rows.Read())
            {
                using var manifest = JsonDocument.Parse(rows.GetBytes(0));
                manifest.WriteTo(json);
            }
            if (!isOne)
            {
                json.WriteEndArray();
                json.WriteEndObject();
            }
        }
        stream.WriteByte((byte)'\n');
    }
}

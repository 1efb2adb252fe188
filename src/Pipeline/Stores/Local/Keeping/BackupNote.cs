using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Stores.Local.Keeping;

/// <summary><c>backup.json</c>: what a backup holds.</summary>
internal sealed record BackupNote
{
    /// <summary>The format of the backup.</summary>
    public const string Format = "pipeline.backup/1";

    private const string AnyFormat = "pipeline.backup/";

    public string Schema { get; init; } = Format;

    /// <summary>When the backup began, UTC. What happened later is not in it.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>The folder of the state, which messages may name.</summary>
    public required string State { get; init; }

    /// <summary>Number of lists.</summary>
    public required long Lists { get; init; }

    /// <summary>Number of submissions.</summary>
    public required long Submissions { get; init; }

    /// <summary>Number of inputs.</summary>
    public required long Inputs { get; init; }

    /// <summary>The files in the backup.</summary>
    public required IReadOnlyList<BackupFile> Files { get; init; }

    /// <summary>Whether a newer version of this program wrote a note.</summary>
    public static bool IsNewer(JsonElement note) =>
        note.ValueKind == JsonValueKind.Object
        && note.TryGetProperty("schema", out var schema) && schema.ValueKind == JsonValueKind.String
        && schema.GetString() is { } format && format.StartsWith(AnyFormat, StringComparison.Ordinal)
        && int.TryParse(format.AsSpan(AnyFormat.Length), CultureInfo.InvariantCulture, out var version)
        && version > 1;
}

/// <summary>A file in a backup.</summary>
/// <param name="Name">Its path in the state folder.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Sha256">Its digest, in lower-case hex.</param>
internal sealed record BackupFile(string Name, long Bytes, string Sha256);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(BackupNote))]
internal sealed partial class BackupJson : JsonSerializerContext;

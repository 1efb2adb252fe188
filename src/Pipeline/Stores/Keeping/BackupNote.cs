using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Stores.Keeping;

/// <summary><c>backup.json</c>: describes a backup.</summary>
internal sealed record BackupNote
{
    /// <summary>The format of the backup.</summary>
    public const string Format = "pipeline.backup/1";

    /// <summary>Value of <see cref="Store"/>: the state folder of one machine.</summary>
    public const string Folder = "folder";

    /// <summary>Value of <see cref="Store"/>: a storage account.</summary>
    public const string Account = "account";

    private const string AnyFormat = "pipeline.backup/";

    public string Schema { get; init; } = Format;

    /// <summary>What was backed up. Backups of older versions are of folders, and have no such member.</summary>
    public string Store { get; init; } = Folder;

    /// <summary>When the backup began, UTC. Later events may not be in it.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>
    /// If the ledger had itself been restored from an older backup: the time of that backup, UTC. This backup may lack
    /// what was posted since then.
    /// </summary>
    public DateTimeOffset? LostSince { get; init; }

    /// <summary>The folder of the state, which messages may name; for an account, its name.</summary>
    public required string State { get; init; }

    /// <summary>Number of lists.</summary>
    public required long Lists { get; init; }

    /// <summary>Number of submissions.</summary>
    public required long Submissions { get; init; }

    /// <summary>Number of inputs.</summary>
    public required long Inputs { get; init; }

    /// <summary>The files in the backup.</summary>
    public required IReadOnlyList<BackupFile> Files { get; init; }

    /// <summary>Time from which POSTs may be missing in the backup's ledger, UTC.</summary>
    [JsonIgnore]
    public DateTimeOffset UnknownSince => LostSince ?? Since;

    /// <summary>A digest that identifies this backup.</summary>
    [JsonIgnore]
    public string Identity => Convert.ToHexStringLower(
        SHA256.HashData(Encoding.UTF8.GetBytes($"{Since.UtcTicks} {string.Join(' ', Files.Select(f => f.Sha256))}")));

    /// <summary>Whether the note is from a newer version of this program.</summary>
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

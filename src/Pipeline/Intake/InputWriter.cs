using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Pipeline.Intake.Reading;
using Pipeline.Json;
using Pipeline.Urls;

namespace Pipeline.Intake;

/// <summary>
/// Writes inputs in the form in which they are posted, and derives their ids. An id is the first 16 bytes of SHA-256
/// over the list id, a line feed and the effective input (shared_inputs overridden by the item) in canonical JSON. So
/// the same input of the same list has the same id, however it is written.
/// </summary>
internal sealed class InputWriter : IDisposable
{
    private static readonly Comparison<(string Name, JsonElement Value)> ByName = static (a, b) =>
        string.CompareOrdinal(a.Name, b.Name);

    private readonly string _listId;
    private readonly SharedInputs _shared;
    private readonly byte[] _prefix;
    private readonly ArrayBufferWriter<byte> _buffer = new(1024);
    private readonly Utf8JsonWriter _json;
    private readonly List<(string Name, JsonElement Value)> _own = [];

    /// <summary>Creates a writer for the inputs of one list.</summary>
    public InputWriter(string listId, SharedInputs shared)
    {
        (_listId, _shared) = (listId, shared);
        _prefix = Encoding.UTF8.GetBytes(listId + "\n");
        _json = new(_buffer, CanonicalJson.Options);
    }

    /// <summary>Returns the id of a valid item.</summary>
    public UInt128 Identify(in ListItem item)
    {
        ReadOwn(item);
        Begin(_prefix);
        // Merges two lists that are sorted by name. The item's own fields override the shared ones.
        var shared = _shared.Properties;
        for (int i = 0, j = 0; i < shared.Count || j < _own.Count; )
        {
            var order =
                i == shared.Count ? 1
                : j == _own.Count ? -1
                : string.CompareOrdinal(shared[i].Name, _own[j].Name);
            if (order < 0)
            {
                _json.WritePropertyName(shared[i].Name);
                _json.WriteRawValue(shared[i++].Value, skipInputValidation: true);
                continue;
            }
            if (order == 0)
                i++;
            WriteOwn(_own[j++], item.Url, isCanonical: true);
        }
        return Hash(End());
    }

    /// <summary>
    /// Returns the key that an item shares with its duplicates: the id that it had with scheme and host in lower case.
    /// </summary>
    /// <param name="item">The item that was identified last.</param>
    /// <param name="id">Its id.</param>
    public UInt128 DuplicateKey(in ListItem item, UInt128 id) =>
        item.Url is { } url && CanonicalUrl.WithLowerHost(url) is var lower && !ReferenceEquals(lower, url)
            ? Identify(item with { Url = lower })
            : id;

    /// <summary>
    /// Returns the key, in a series, of the item that was identified last: the same hash without a list. Two inputs of
    /// a list have the same key exactly if they are duplicates.
    /// </summary>
    public UInt128 SeriesKey() => Hash(_buffer.WrittenSpan[_prefix.Length..]);

    /// <summary>Returns a valid item as posted: a JSON object with the item's own fields in their order.</summary>
    public string Post(in ListItem item)
    {
        Begin(default);
        if (item.Fields.ValueKind != JsonValueKind.Object)
        {
            _json.WriteString("url"u8, item.Url);
        }
        else
        {
            foreach (var property in item.Fields.EnumerateObject())
            {
                if (item.Kept?.Contains(property.Name) != true)
                    WriteOwn((property.Name, property.Value), item.Url, isCanonical: false);
            }
        }
        return Encoding.UTF8.GetString(End());
    }

    /// <summary>
    /// Returns the fields of a valid item that are not posted, as a JSON object; null if there are none.
    /// </summary>
    public string? Keep(in ListItem item)
    {
        if (item.Kept is not { } kept || item.Fields.ValueKind != JsonValueKind.Object)
            return null;
        Begin(default);
        var count = 0;
        foreach (var property in item.Fields.EnumerateObject().Where(p => kept.Contains(p.Name)))
        {
            property.WriteTo(_json);
            count++;
        }
        var json = End();
        return count == 0 ? null : Encoding.UTF8.GetString(json);
    }

    /// <summary>Returns the id of a bad line: a hash of list id, line number and text.</summary>
    public UInt128 IdentifyBad(in ListItem item) =>
        Hash(
            Encoding.UTF8.GetBytes(
                string.Create(CultureInfo.InvariantCulture, $"{_listId}\nline\n{item.Line}\n{item.Text}")));

    /// <summary>Formats an id as 32 lower-case hex digits.</summary>
    public static string Format(UInt128 id) => id.ToString("x32", CultureInfo.InvariantCulture);

    /// <summary>Encodes text as a JSON string.</summary>
    public static string Quote(string text) => $"\"{JsonEncodedText.Encode(text, CanonicalJson.Options.Encoder)}\"";

    /// <summary>
    /// Adds a tag to a posted input, so that its result can be distinguished from others of the same URL.
    /// </summary>
    public static string WithTag(string input, string tag) =>
        $"{input[..^1]}{(input.Length > 2 ? "," : "")}\"tag\":\"{tag}\"}}";

    /// <inheritdoc/>
    public void Dispose() => _json.Dispose();

    private void ReadOwn(in ListItem item)
    {
        _own.Clear();
        if (item.Fields.ValueKind != JsonValueKind.Object)
        {
            _own.Add(("url", default));
            return;
        }
        foreach (var property in item.Fields.EnumerateObject())
            _own.Add((property.Name, property.Value));
        _own.Sort(ByName);
    }

    // Writes the trimmed URL instead of the original value.
    private void WriteOwn((string Name, JsonElement Value) property, string? url, bool isCanonical)
    {
        if (property.Name == "url")
        {
            _json.WriteString("url"u8, url);
            return;
        }
        _json.WritePropertyName(property.Name);
        if (isCanonical)
            CanonicalJson.Write(_json, property.Value);
        else
            property.Value.WriteTo(_json);
    }

    private void Begin(ReadOnlySpan<byte> prefix)
    {
        _buffer.ResetWrittenCount();
        _buffer.Write(prefix);
        _json.Reset(_buffer);
        _json.WriteStartObject();
    }

    private ReadOnlySpan<byte> End()
    {
        _json.WriteEndObject();
        _json.Flush();
        return _buffer.WrittenSpan;
    }

    private static UInt128 Hash(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, hash);
        return BinaryPrimitives.ReadUInt128BigEndian(hash);
    }
}

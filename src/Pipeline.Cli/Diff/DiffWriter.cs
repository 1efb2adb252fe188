using System.Globalization;
using System.Text.Json;
using Pipeline.Json;
using Pipeline.Model.Series;
using Pipeline.Reports.Diff;
using Pipeline.Urls;

namespace Pipeline.Cli.Diff;

/// <summary>Writes the differences of two runs as they are found, and then their numbers.</summary>
internal abstract class DiffWriter : IAsyncDisposable
{
    /// <summary>All kinds of differences, with the words for them.</summary>
    protected static readonly (DifferenceKind Kind, string Name, string Text)[] Kinds =
    [
        (DifferenceKind.New, "new", "new"),
        (DifferenceKind.Gone, "gone", "gone"),
        (DifferenceKind.Changed, "changed", "changed"),
        (DifferenceKind.StatusChanged, "status_changed", "status"),
        (DifferenceKind.Failed, "failed", "failed"),
        (DifferenceKind.OptionsChanged, "options_changed", "options"),
    ];

    /// <summary>Creates a writer to standard output.</summary>
    public static DiffWriter Create(bool json, string before, string after) =>
        json ? new AsJson(before, after) : new AsText();

    /// <summary>Writes a difference.</summary>
    public abstract Task WriteAsync(Difference difference);

    /// <summary>Writes the numbers.</summary>
    public abstract Task EndAsync(RunDiff diff);

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();

    private sealed class AsText : DiffWriter
    {
        public override Task WriteAsync(Difference difference)
        {
            var kind = Array.Find(Kinds, k => k.Kind == difference.Kind).Text;
            var url = difference.Url.Length > 0
                ? UrlCredentials.Hide(difference.Url)
                : "(an input that the first run left out)";
            return Console.Out.WriteLineAsync($"{kind,-8} {StatusOf(difference),-11} {url}");
        }

        public override Task EndAsync(RunDiff diff)
        {
            var counts = Kinds.Select(k => $"{k.Text}: {Number(diff.Count(k.Kind))}");
            return Console.Out.WriteLineAsync($"{string.Join(", ", counts)}, same: {Number(diff.Same)}");
        }

        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

        private static string StatusOf(Difference difference)
        {
            var (before, after) = (Status(difference.Before), Status(difference.After));
            return before == after || difference.Before is null || difference.After is null
                ? $"{(difference.After is null ? before : after)}"
                : $"{before} -> {after}";
        }

        private static string Status(SeriesOutcome? outcome) =>
            outcome?.HttpStatus?.ToString(CultureInfo.InvariantCulture) ?? "-";

        private static string Number(long count) => count.ToString("N0", CultureInfo.InvariantCulture);
    }

    private sealed class AsJson : DiffWriter
    {
        private const int FlushBytes = 64 * 1024;

        private readonly MemoryStream _buffer = new();
        private readonly Utf8JsonWriter _json;

        public AsJson(string before, string after)
        {
            _json = new(_buffer, new() { Encoder = MinimalJsonEncoder.Instance });
            _json.WriteStartObject();
            _json.WriteString("before", before);
            _json.WriteString("after", after);
            _json.WriteStartArray("differences");
        }

        public override async Task WriteAsync(Difference difference)
        {
            _json.WriteStartObject();
            _json.WriteString("difference", Array.Find(Kinds, k => k.Kind == difference.Kind).Name);
            if (difference.Url.Length > 0)
                _json.WriteString("url", difference.Url);
            Write("before", difference.Before);
            Write("after", difference.After);
            _json.WriteEndObject();
            if (_json.BytesPending + _buffer.Length > FlushBytes)
                await FlushAsync();
        }

        public override async Task EndAsync(RunDiff diff)
        {
            _json.WriteEndArray();
            foreach (var (kind, name, _) in Kinds)
                _json.WriteNumber(name, diff.Count(kind));
            _json.WriteNumber("same", diff.Same);
            _json.WriteEndObject();
            await FlushAsync();
            await Console.Out.WriteLineAsync();
        }

        public override ValueTask DisposeAsync() => _json.DisposeAsync();

        private void Write(string name, SeriesOutcome? outcome)
        {
            if (outcome is null)
                return;
            _json.WriteStartObject(name);
            if (outcome.HttpStatus is { } status)
                _json.WriteNumber("http_status", status);
            _json.WriteString("content_digest", outcome.ContentDigest);
            if (outcome.TextDigest is { } text)
                _json.WriteString("text_digest", text);
            _json.WriteEndObject();
        }

        private async Task FlushAsync()
        {
            await _json.FlushAsync();
            await Console.Out.WriteAsync(
                System.Text.Encoding.UTF8.GetString(_buffer.GetBuffer().AsSpan(0, (int)_buffer.Length)));
            _buffer.SetLength(0);
        }
    }
}

using System.IO.Compression;
using System.Text;

namespace Pipeline.Emulator.Sessions;

/// <summary>Writes a recording, a line at a time. Only its owner may read it.</summary>
internal sealed class SessionFile : IAsyncDisposable
{
    private readonly SemaphoreSlim _turn = new(1);
    private readonly StreamWriter _writer;

    private SessionFile(StreamWriter writer) => _writer = writer;

    /// <summary>Creates the file, which must not exist: a recording is never overwritten.</summary>
    /// <exception cref="IOException">The file exists or cannot be written.</exception>
    public static async Task<SessionFile> CreateAsync(string path, Uri upstream)
    {
        if (new FileInfo(path) is { Exists: true, Length: > 0 })
            throw new IOException($"'{path}' exists already. Move it away or record to another file.");
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder && !Directory.Exists(folder))
            throw new IOException($"Cannot write '{path}': there is no folder '{folder}'. Create it first.");
        PrivateFiles.Ensure(path);
        var file = new SessionFile(new StreamWriter(path, append: false, new UTF8Encoding(false)) { AutoFlush = true });
        await file.WriteAsync(new()
        {
            Kind = "session",
            Version = SessionLine.CurrentVersion,
            Upstream = upstream.GetLeftPart(UriPartial.Scheme) + upstream.Authority,
        });
        return file;
    }

    public async Task WriteAsync(SessionLine line)
    {
        var text = line.ToText();
        await _turn.WaitAsync();
        try
        {
            await _writer.WriteLineAsync(text);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>An object as a line: JSON with placeholders if it is a result, otherwise its bytes.</summary>
    public static SessionLine LineOf(SessionText text, int post, string uri, byte[] bytes)
    {
        var isGzip = bytes is [0x1F, 0x8B, ..];
        var json = SessionContent.JsonOf(isGzip ? Unpack(bytes) : bytes);
        return new()
        {
            Kind = "object",
            Post = post,
            Uri = text.Hide(uri),
            Gzip = json is not null && isGzip ? true : null,
            Json = json is null ? null : text.Hide(json),
            Base64 = json is null ? bytes : null,
        };
    }

    /// <summary>The bytes of an object's line in this session.</summary>
    public static byte[] BytesOf(SessionText text, SessionLine line)
    {
        if (line.Json is not { } json)
            return line.Base64 ?? [];
        var plain = SessionContent.BytesOf(text.Fill(json)!);
        return line.Gzip == true ? Pack(plain) : plain;
    }

    public async ValueTask DisposeAsync()
    {
        await _writer.DisposeAsync();
        _turn.Dispose();
    }

    private static byte[] Unpack(byte[] bytes)
    {
        try
        {
            using var gzip = new GZipStream(new MemoryStream(bytes), CompressionMode.Decompress);
            using var plain = new MemoryStream();
            var buffer = new byte[1 << 16];
            for (int read; (read = gzip.Read(buffer)) > 0 && plain.Length < Recorder.MaxBytes;)
                plain.Write(buffer, 0, read);
            return plain.ToArray();
        }
        catch (InvalidDataException)
        {
            return [];
        }
    }

    private static byte[] Pack(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
            gzip.Write(bytes);
        return packed.ToArray();
    }
}

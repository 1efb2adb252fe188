using System.Text;

namespace Pipeline.Emulator.Sample;

/// <summary>A page of the sample site.</summary>
/// <param name="Path">Its path below <c>/sample/</c>.</param>
/// <param name="About">Its description in the index.</param>
/// <param name="ContentType">Its Content-Type header, with or without a charset.</param>
internal sealed record SamplePage(string Path, string About, string ContentType = "text/html; charset=utf-8")
{
    private readonly Lazy<byte[]>? _body;

    /// <summary>The embedded file with the body. It is stored as UTF-8 and sent in <see cref="Charset"/>.</summary>
    public string File
    {
        init
        {
            // Read at the first request, then kept.
            _body = new(() => Read(value, Charset));
        }
    }

    /// <summary>Creates the body, instead of <see cref="File"/>.</summary>
    public Func<byte[]> Body
    {
        init => _body = new(value);
    }

    /// <summary>The encoding of the body.</summary>
    public string Charset { get; init; } = "utf-8";

    /// <summary>The HTTP status of the answer.</summary>
    public int Status { get; init; } = StatusCodes.Status200OK;

    /// <summary>The wait before the answer.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>The path that the page redirects to, if it does.</summary>
    public string? RedirectsTo { get; init; }

    /// <summary>Whether the index lists it.</summary>
    public bool IsListed { get; init; } = true;

    /// <summary>Answers a request for the page.</summary>
    public async Task SendAsync(HttpContext context)
    {
        if (RedirectsTo is not null)
        {
            context.Response.Redirect(RedirectsTo, permanent: true);
            return;
        }

        if (Delay > TimeSpan.Zero)
            await Task.Delay(Delay, TimeProvider.System, context.RequestAborted);
        var body = _body!.Value;
        context.Response.StatusCode = Status;
        context.Response.ContentType = ContentType;
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    private static byte[] Read(string file, string charset)
    {
        using var resource = typeof(SamplePage).Assembly.GetManifestResourceStream($"Sample.{file}")
            ?? throw new InvalidOperationException($"The resource 'Sample.{file}' is not embedded.");
        using var reader = new StreamReader(resource, Encoding.UTF8);
        var text = reader.ReadToEnd();
        Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
        return (
            charset == "utf-8"
                ? new UTF8Encoding(false)
                : Encoding.GetEncoding(charset, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback))
            .GetBytes(text);
    }
}

namespace Pipeline.Collect.Normalize.Text;

/// <summary>
/// Computes the digest of what a reader sees of a result (docs/record.md): its markdown, else its text, else the
/// visible text of its HTML, else its parsed data.
/// </summary>
internal sealed class TextDigest
{
    private readonly TextHash _markdown = new(), _text = new(), _visible = new(), _parsed = new();
    private readonly HtmlText _html;
    private ResultField _field;

    public TextDigest() => _html = new(_visible);

    /// <summary>The digest; null if the result has no text.</summary>
    public UInt128? Hash => _markdown.Value ?? _text.Value ?? _visible.Value ?? _parsed.Value;

    /// <summary>Starts the digest of another result.</summary>
    public void Start()
    {
        _markdown.Start();
        _text.Start();
        _html.Start();
        _parsed.Start();
    }

    /// <summary>Starts a field; only <see cref="ResultField"/>s with text count.</summary>
    public void StartField(ResultField field) => _field = field;

    public void Append(ReadOnlySpan<byte> text)
    {
        switch (_field)
        {
            case ResultField.Markdown:
                _markdown.Append(text);
                break;
            case ResultField.Text:
                _text.Append(text);
                break;
            case ResultField.Html:
                _html.Append(text);
                break;
            case ResultField.Parsing or ResultField.Parsed:
                _parsed.Append(text);
                break;
        }
    }

    public void EndField()
    {
        if (_field == ResultField.Html)
            _html.End();
        _field = ResultField.Unknown;
    }
}

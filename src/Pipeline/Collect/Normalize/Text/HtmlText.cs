using System.Buffers;
using System.Net;
using System.Text;

namespace Pipeline.Collect.Normalize.Text;

/// <summary>
/// Finds the text of an HTML document that a reader can see: no tags, comments, scripts or styles, and character
/// references decoded. A tag separates words. Memory is bounded, and pieces may be cut anywhere.
/// </summary>
internal sealed class HtmlText(TextHash hash)
{
    private const int MaxReference = 32;

    // Elements whose content no reader sees.
    private static readonly string[] Hidden = ["script", "style", "noscript", "template", "iframe", "noembed"];

    private static readonly SearchValues<byte> Markup = SearchValues.Create("<&"u8);
    private static readonly SearchValues<byte> TagEnds = SearchValues.Create(">="u8);

    private readonly byte[] _name = new byte[12];
    private readonly byte[] _reference = new byte[MaxReference];
    private State _state;
    private int _nameBytes;
    private int _referenceBytes;
    private bool _isEndTag;
    private byte _quote;
    private int _dashes;
    private string? _hidden;

    private enum State
    {
        Text,
        Reference,
        TagOpen,
        TagName,
        Tag,
        Value,
        Quoted,
        Declaration,
        Comment,
        Hidden,
    }

    /// <summary>Starts another document.</summary>
    public void Start()
    {
        hash.Start();
        (_state, _hidden, _nameBytes, _referenceBytes) = (State.Text, null, 0, 0);
    }

    /// <summary>Appends a piece of the document.</summary>
    public void Append(ReadOnlySpan<byte> html)
    {
        while (html.Length > 0)
        {
            html = html[(_state switch
            {
                State.Text => InText(html),
                State.Reference => InReference(html[0]),
                State.TagOpen => InTagOpen(html[0]),
                State.TagName => InTagName(html[0]),
                State.Tag => InTag(html),
                State.Value => InValue(html[0]),
                State.Quoted => Skip(html, _quote, State.Tag),
                State.Declaration => InDeclaration(html[0]),
                State.Comment => InComment(html[0]),
                _ => Skip(html, (byte)'<', State.TagOpen),
            })..];
        }
    }

    /// <summary>Ends the document.</summary>
    public void End()
    {
        if (_state == State.Reference)
            EndReference();
    }

    // Each of these methods returns the number of bytes that it consumed.
    private int InText(ReadOnlySpan<byte> html)
    {
        var at = html.IndexOfAny(Markup);
        hash.Append(at < 0 ? html : html[..at]);
        if (at < 0)
            return html.Length;
        if (html[at] == (byte)'<')
            _state = State.TagOpen;
        else
            (_state, _reference[0], _referenceBytes) = (State.Reference, (byte)'&', 1);
        return at + 1;
    }

    private int InReference(byte next)
    {
        var belongs = char.IsAsciiLetterOrDigit((char)next) || next == (byte)'#';
        if (!belongs || _referenceBytes == MaxReference - 1)
        {
            if (next != (byte)';')
            {
                EndReference();
                return 0;
            }
            _reference[_referenceBytes++] = next;
            EndReference();
            return 1;
        }
        _reference[_referenceBytes++] = next;
        return 1;
    }

    private void EndReference()
    {
        var text = WebUtility.HtmlDecode(Encoding.UTF8.GetString(_reference, 0, _referenceBytes));
        hash.Append(Encoding.UTF8.GetBytes(text));
        _state = State.Text;
    }

    private int InTagOpen(byte next)
    {
        if (_hidden is null && next is (byte)'!' or (byte)'?')
        {
            (_state, _dashes) = (State.Declaration, 0);
            return 1;
        }
        if (next == (byte)'/' && !_isEndTag)
        {
            _isEndTag = true;
            return 1;
        }
        if (char.IsAsciiLetter((char)next) && (_hidden is null || _isEndTag))
        {
            (_state, _nameBytes) = (State.TagName, 0);
            return 0;
        }
        // A lone '<' is text, and "</" with anything but a letter is skipped to its end.
        if (_hidden is null && !_isEndTag)
            hash.Append("<"u8);
        _state = _hidden is not null ? State.Hidden : _isEndTag ? State.Tag : State.Text;
        _isEndTag = false;
        return 0;
    }

    private int InTagName(byte next)
    {
        if (char.IsWhiteSpace((char)next) || next is (byte)'/' or (byte)'>')
        {
            EndName();
            return 0;
        }
        if (_nameBytes < _name.Length)
            _name[_nameBytes++] = (byte)char.ToLowerInvariant((char)next);
        return 1;
    }

    private void EndName()
    {
        var name = Encoding.UTF8.GetString(_name, 0, _nameBytes);
        if (_hidden is not null && name != _hidden)
        {
            (_state, _isEndTag) = (State.Hidden, false);
            return;
        }
        _hidden = !_isEndTag && Array.IndexOf(Hidden, name) >= 0 ? name : null;
        (_state, _isEndTag) = (State.Tag, false);
        hash.AppendSpace();
    }

    private int InTag(ReadOnlySpan<byte> html)
    {
        var at = html.IndexOfAny(TagEnds);
        if (at < 0)
            return html.Length;
        _state = html[at] == (byte)'=' ? State.Value : _hidden is null ? State.Text : State.Hidden;
        return at + 1;
    }

    private int InValue(byte next)
    {
        if (char.IsWhiteSpace((char)next))
            return 1;
        if (next is not ((byte)'"' or (byte)'\''))
        {
            _state = State.Tag;
            return 0;
        }
        (_state, _quote) = (State.Quoted, next);
        return 1;
    }

    private int InDeclaration(byte next)
    {
        if (next == (byte)'-' && ++_dashes == 2)
            _state = State.Comment;
        else if (next == (byte)'>')
            _state = State.Text;
        else if (next != (byte)'-')
            _dashes = int.MinValue;
        return 1;
    }

    private int InComment(byte next)
    {
        if (next == (byte)'>' && _dashes >= 2)
            _state = State.Text;
        _dashes = next == (byte)'-' ? _dashes + 1 : 0;
        return 1;
    }

    private int Skip(ReadOnlySpan<byte> html, byte until, State next)
    {
        var at = html.IndexOf(until);
        if (at < 0)
            return html.Length;
        _state = next;
        return at + 1;
    }
}

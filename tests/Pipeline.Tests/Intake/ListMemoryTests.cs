using System.Text;
using Pipeline.IO;
using Pipeline.Intake;
using Pipeline.Options;

namespace Pipeline.Tests.Intake;

[Collection(nameof(Alone))]
[Trait("Promise", "5")]
public sealed class ListMemoryTests
{
    private const long Bytes = 20_000_000;

    [Theory]
    [InlineData("", "https://www.example.com/a/rather/long/path/{0}\n", "")]
    [InlineData("url,country\n", "https://www.example.com/a/rather/long/path/{0},US\n", "")]
    [InlineData(
        "[", "{{\"url\":\"https://www.example.com/a/rather/long/path/{0}\",\"country\":\"US\"}},",
        "\"https://end.example\"]")]
    [InlineData(
        "{\"inputs\":[", "\"https://www.example.com/a/rather/long/path/{0}\",",
        "\"https://end.example\"],\"shared_inputs\":{}}")]
    [InlineData("[\"https://a.example\",\"", "{0} no end of one string ", "\"]")]
    [InlineData("https://a.example\n", "{0} no end of one line ", "")]
    [InlineData("url\nhttps://a.example\n\"", "{0} no end of\n one quote ", "")]
    public async Task AListOfAnyLengthIsReadInBoundedMemory(string begin, string repeated, string end)
    {
        var (highest, samples) = (0L, 0);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var stream = new GeneratedStream(begin, repeated, end, () =>
        {
            samples++;
            highest = Math.Max(highest, GC.GetTotalMemory(forceFullCollection: true) - before);
        });
        var list = await ListInspector.InspectAsync(
            new(_ => ValueTask.FromResult<Stream>(stream), null), null, new IntakeOptions(),
            cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(list.Valid > 0);
        Assert.InRange(samples, 9, 11);
        Assert.InRange(highest, 0, 4_000_000);
    }

    private sealed class GeneratedStream(string begin, string repeated, string end, Action sample) : ForwardStream
    {
        private readonly byte[] _block = Encoding.UTF8.GetBytes(
            string.Concat(
                Enumerable.Range(0, 2_000).Select(
                    n => string.Format(System.Globalization.CultureInfo.InvariantCulture, repeated, n))));

        private byte[] _piece = Encoding.UTF8.GetBytes(begin);
        private int _at;
        private long _made;
        private long _sampled;
        private bool _isEnded;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_at == _piece.Length && !Next())
                return ValueTask.FromResult(0);
            var count = Math.Min(buffer.Length, _piece.Length - _at);
            _piece.AsMemory(_at, count).CopyTo(buffer);
            _at += count;
            return ValueTask.FromResult(count);
        }

        private bool Next()
        {
            if (_isEnded)
                return false;
            if (_made - _sampled > Bytes / 11)
            {
                sample();
                _sampled = _made;
            }
            _isEnded = _made > Bytes;
            _piece = _isEnded ? Encoding.UTF8.GetBytes(end) : _block;
            _made += _piece.Length;
            _at = 0;
            return _piece.Length > 0;
        }
    }
}

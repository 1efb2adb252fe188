using System.Text;
using System.Text.Json;
using CsvHelper;
using FsCheck;
using FsCheck.Fluent;
using Pipeline.Intake.Reading;
using Pipeline.Model;

namespace Pipeline.Tests.Intake.Reading;

public sealed class ListReaderPropertyTests
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private static readonly Gen<string> Urls = Gen.Elements(
        "https://a.example", "https://a.example/?q=\"x\",y;z|", "http://bücher.example/日本語?a=1&b=2#🙂",
        "HTTP://A.example:81/\\n'", "https://a.example/,,,");

    private static readonly Gen<string?> Texts = Gen.Elements<string?>(
        null, null, "US", "a,b", "say \"x\"", "two\nlines", "; | \t x", "ü");

    private static readonly Gen<Dictionary<string, string>> Items =
        from url in Urls
        from number in Gen.Choose(0, 30)
        from city in Texts
        from locale in Texts
        select new Dictionary<string, string?> { ["locale"] = locale, ["url"] = url + number, ["city"] = city }
            .Where(p => p.Value is not null).ToDictionary(p => p.Key, p => p.Value!);

    [Fact]
    [Trait("Promise", "1")]
    public void TheSameListInAllFormatsGivesTheSameInputs() =>
        Prop.ForAll(Items.NonEmptyListOf().ToArbitrary(), items =>
        {
            var expected = items.Select(i => JsonSerializer.Serialize(i)).ToList();
            var array = JsonSerializer.Serialize(items);
            Assert.Equal(expected, Read(array));
            Assert.Equal(expected, Read(JsonSerializer.Serialize(items, Indented)));
            Assert.Equal(expected, Read($"{{\"inputs\":{array}}}"));
            // A single line of NDJSON is an async body and gives the same input.
            Assert.Equal(expected, Read(string.Join("\n", expected)));
            foreach (var delimiter in new[] { ',', ';', '\t', '|' })
                Assert.Equal(expected, Read(ToCsv([.. items], delimiter)));
        }).QuickCheckThrowOnFailure();

    [Fact]
    [Trait("Promise", "9")]
    public void AnyBytesAreEitherReadOrRefused() =>
        Prop.ForAll(
            Gen.Elements(
                "{", "}", "[", "]", "\"", ",", ":", "\n", "\r", "\\", " ", "url", "inputs", "\"url\"", "\"inputs\"",
                "https://a.example", "#", "1", "\u0000", "é").ListOf().ToArbitrary(),
            parts =>
            {
                try
                {
                    Read(string.Concat(parts), 3, 64);
                }
                catch (PipelineException error)
                {
                    Assert.True(error.IsPermanent);
                }
            }).Check(Config.QuickThrowOnFailure.WithMaxTest(3000));

    [Fact]
    public void TheSizeOfReadsDoesNotMatter() =>
        Prop.ForAll(Items.NonEmptyListOf().ToArbitrary(), Gen.Choose(1, 7).ToArbitrary(), (items, chunk) =>
        {
            foreach (var text
                in new[]
                {
                    JsonSerializer.Serialize(items),
                    ToCsv([.. items], ','),
                    string.Join("\r\n", items.Select(i => JsonSerializer.Serialize(i))),
                })
                Assert.Equal(Read(text), Read(text, chunk));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void EveryReaderAcceptsLineEndsOfCrLfAndBoth() =>
        Prop.ForAll(Items.NonEmptyListOf().ToArbitrary(), Gen.Elements("\r", "\n", "\r\n").ListOf(64).ToArbitrary(),
            Gen.Choose(1, 7).ToArbitrary(),
            (items, ends, chunk) =>
        {
            var lines = items.Select(i => JsonSerializer.Serialize(i)).ToList();
            var text = string.Concat(
                lines.Select((line, i) => line + ends[i % ends.Count] + (i % 3 == 0 ? "\uFEFF" : "")));
            Assert.Equal(Read(string.Join('\n', lines)), Read(text, chunk));
            var urls = items.Select((_, i) => $"https://a.example/{i}").ToList();
            var plain = string.Concat(urls.Select((url, i) => url + ends[i % ends.Count]));
            Assert.Equal(Read(string.Join('\n', urls)), Read(plain, chunk));
            Assert.Equal(Read("url\n" + string.Join('\n', urls)), Read("url" + ends[0] + plain, chunk));
        }).QuickCheckThrowOnFailure();

    // Returns the items as JSON with the fields in a fixed order, and the errors of bad lines.
    private static List<string> Read(string text, int chunk = int.MaxValue, int maxItemBytes = 65536) =>
        ReadAsync(text, chunk, maxItemBytes).GetAwaiter().GetResult();

    private static async Task<List<string>> ReadAsync(string text, int chunk, int maxItemBytes)
    {
        var items = new List<string>();
        await using var reader = await ListReader.OpenAsync(
            new(_ => ValueTask.FromResult<Stream>(new ChunkedStream(Encoding.UTF8.GetBytes(text), chunk)), null),
            new() { MaxItemBytes = maxItemBytes }, CancellationToken.None);
        await foreach (var item in reader.ReadAsync(CancellationToken.None))
            items.Add(item.Error ?? Flatten(item));
        return items;
    }

    private static string Flatten(ListItem item)
    {
        if (item.Fields.ValueKind != JsonValueKind.Object)
            return JsonSerializer.Serialize(new Dictionary<string, string?> { ["url"] = item.Url });
        var fields = item.Fields.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.ToString());
        return JsonSerializer.Serialize(
            new[] { "locale", "url", "city" }.Where(fields.ContainsKey).ToDictionary(n => n, n => fields[n]));
    }

    private static string ToCsv(IReadOnlyList<Dictionary<string, string>> items, char separator)
    {
        using var text = new StringWriter();
        using (var csv = CsvWriter.Create(text, new CsvWriterOptions { Separator = separator }))
        {
            string[] columns = ["locale", "url", "city"];
            csv.WriteRecord(columns);
            foreach (var item in items)
                csv.WriteRecord([.. columns.Select(c => item.GetValueOrDefault(c) ?? "")]);
        }
        return text.ToString();
    }

    private sealed class ChunkedStream(byte[] bytes, int chunk) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(chunk, buffer.Length)], cancellationToken);
    }
}

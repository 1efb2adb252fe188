using System.Text;
using Moq;
using Pipeline.Export.Closing;
using Pipeline.Ports;
using Pipeline.Reports;
using Pipeline.Stores.Local;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Export;

/// <summary>The records of one list in a file with several lists.</summary>
public sealed class LocalListSourceTests : IDisposable
{
    private static readonly string[] Lines = ["{\"n\":0}", "{\"other\":1}", "{\"n\":2}", "{\"n\":3}"];

    private readonly TempFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    /// <summary>A part of a long list starts where the previous one ended; nothing before it is read.</summary>
    [Theory]
    [InlineData(0, "0 2 3")]
    [InlineData(1, "2 3")]
    [InlineData(3, "")]
    public async Task OnlyTheLinesFromAPlaceOnAreRead(int from, string expected)
    {
        await using var database = await LocalDatabase.OpenAsync(_folder["state"], Token);
        await database.WriteAsync(AddLines, durable: false, Token);
        File.WriteAllText(_folder["records.ndjson"], string.Concat(Lines.Select(line => line + "\n")));
        var source = new LocalListSource(
            database, _folder["records.ndjson"], new FailureReader(Mock.Of<ILedger>()), ExportStageTests.ManifestOf());

        var read = new StringBuilder();
        await foreach (var file in source.OpenRecordsAsync(new(0, from), Token))
            await using (file)
            {
                Assert.Equal((3, from), (file.Lines, file.Skipped));
                read.Append(await new StreamReader(file.Stream).ReadToEndAsync(Token));
            }

        Assert.Equal(expected, string.Join(' ', read.ToString().Split('\n')[..^1].Select(line => line[5])));
    }

    private static void AddLines(SqlSession session)
    {
        var offset = 0;
        foreach (var (number, line) in Lines.Index())
        {
            session.Execute(
                "INSERT INTO record(id, list_id, submission_id, offset, length) VALUES($1, $2, 's', $3, $4)",
                $"{number}", line.Contains("other", StringComparison.Ordinal) ? "other" : "9a41", offset, line.Length);
            offset += line.Length + 1;
        }
    }
}

using System.Text.Json;
using System.Text.RegularExpressions;
using Pipeline.Export.Tables;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Export;

/// <summary>The columns of an export, its documentation and the contract of records fit together.</summary>
public sealed partial class ExportedColumnsTests
{
    public static TheoryData<string, string> Tables => new() { { "record", "records" }, { "failure", "failures" } };

    [Theory]
    [MemberData(nameof(Tables))]
    public void EveryMemberHasAColumn(string schema, string table)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(RecordSchema.PathOf("record.schema.json")));
        var properties = json.RootElement.GetProperty("definitions").GetProperty(schema).GetProperty("properties");
        var expected = properties.EnumerateObject()
            .Where(member => member.Name != "schema")
            .SelectMany(member => member.Name is "content" or "source"
                ? member.Value.GetProperty("properties").EnumerateObject()
                    .Select(inner => $"{member.Name}.{inner.Name}")
                : [member.Name]);

        Assert.Equal(expected.Order(), Of(table).Columns.Select(column => column.Path).Order());
    }

    [Theory]
    [MemberData(nameof(Tables))]
    public void ThePageListsTheColumnsWithTheirTypes(string schema, string table)
    {
        var section = Repository.Read("docs/load.md").Split($"\n### Table `{table}`\n")[1].Split("\n#")[0];

        var listed = Row().Matches(section).Select(row => (row.Groups[1].Value, row.Groups[2].Value));

        Assert.Equal(
            Of(table).Columns.Select(column => (column.Name, column.Kind switch
            {
                ColumnKind.Number => "integer",
                ColumnKind.Boolean => "boolean",
                ColumnKind.Time => "timestamp",
                ColumnKind.Json => "JSON text",
                _ => "text",
            })),
            listed);
        Assert.Contains($"pipeline.{schema}/1", Of(table).Schema);
    }

    /// <summary>Spark and SQL Server ignore case, and need quotes around other names.</summary>
    [Fact]
    public void NamesAreLowerCaseAndDistinct() => Assert.All(
        new[] { Table.Records, Table.Failures },
        table =>
        {
            Assert.All(table.Columns, column => Assert.Matches("^[a-z][a-z0-9_]*$", column.Name));
            Assert.Distinct(table.Columns.Select(column => column.Name));
        });

    private static Table Of(string name) => name == "records" ? Table.Records : Table.Failures;

    [GeneratedRegex(@"^\| `(\w+)` \| ([\w ]+) \|", RegexOptions.Multiline)]
    private static partial Regex Row();
}

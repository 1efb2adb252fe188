using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Model;
using Pipeline.Ports.Reading;
using Pipeline.Reports;
using Pipeline.Stores.Azure;
using Pipeline.Stores.Azure.Catalog;
using Pipeline.Stores.Azure.Ledger;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Reports;

/// <summary>
/// Over a storage account each read is billed, so an overview reads a bounded number of rows, whatever the lists'
/// sizes. A server that answers like Azure Table Storage counts the requests.
/// </summary>
public sealed partial class OverviewCostTests
{
    private const int PageRows = 1000;

    private readonly FakeTimeProvider _time = new(Some.Time);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1, 10_000)]
    [InlineData(10, 1000)]
    [InlineData(1000, 10)]
    [InlineData(1200, 1)]
    [InlineData(2, 3)]
    public async Task TheRequestsOfAnOverviewAreBoundedWhateverTheListsSizes(int lists, int submissions)
    {
        await using var server = await TestServer.StartAsync(context => AnswerAsync(context, lists, submissions));
        using var account = Open(server);
        var catalog = new TableListCatalog(account, new TableLedger(account, _time), _time);

        for (var view = 1; view <= 3; view++)
        {
            var before = server.Seen.Count;
            var (open, live) = await ReadAsync(catalog);

            Assert.Equal(Math.Min(lists, OverviewReporter.MaxLists), live.Count);
            Assert.Equal(live.Count, open.Count);
            // A page of a thousand rows is a request; a submission is two, and its list is one.
            Assert.InRange(server.Seen.Count - before, 1, 2 + (3 * TableLiveLists.MaxRead));
            Assert.All(live, list => Assert.True(
                !list.IsWhole || list.ClosedSubmissions + list.Live.Count == submissions));
            if (lists * submissions <= TableLiveLists.MaxRead)
                Assert.All(live, list => Assert.True(list.IsWhole));
        }
    }

    [Fact]
    public async Task WhatOneViewLeavesOutTheNextOnesCount()
    {
        await using var server = await TestServer.StartAsync(
            context => AnswerAsync(context, lists: 60, submissions: 10));
        using var account = Open(server);
        var catalog = new TableListCatalog(account, new TableLedger(account, _time), _time);
        var whole = new List<int>();

        for (var view = 0; view < 3; view++)
        {
            var (_, live) = await ReadAsync(catalog);
            whole.Add(live.Count(list => list.IsWhole));
            _time.Advance(TimeSpan.FromSeconds(5));
        }

        Assert.Equal([20, 40, 60], whole);
        // All have been read once. The first half of each is closed, so from now on only the other half is read.
        var before = server.Seen.Count;
        var (_, again) = await ReadAsync(catalog);
        Assert.All(again, list => Assert.Equal((5, 5, true), (list.ClosedSubmissions, list.Live.Count, list.IsWhole)));
        Assert.Equal(40, MembersRead(server, before));
    }

    [Fact]
    public async Task ASubmissionThatOpensAgainIsCountedAgainAfterTenMinutes()
    {
        var reopened = false;
        await using var server = await TestServer.StartAsync(
            context => AnswerAsync(context, lists: 1, submissions: 4, isOpen: sequence => reopened && sequence == 0));
        using var account = Open(server);
        var catalog = new TableListCatalog(account, new TableLedger(account, _time), _time);
        Assert.Equal(2, (await ReadAsync(catalog)).Live[0].ClosedSubmissions);

        reopened = true;
        Assert.Equal(2, (await ReadAsync(catalog)).Live[0].ClosedSubmissions);
        _time.Advance(TimeSpan.FromMinutes(11));

        Assert.Equal((1, 3), (await ReadAsync(catalog)).Live[0] is var list
            ? (list.ClosedSubmissions, list.Live.Count)
            : default);
    }

    private static async Task<(IReadOnlyList<ListEntry> Open, IReadOnlyList<LiveList> Live)> ReadAsync(
        TableListCatalog catalog)
    {
        var open = (await catalog.GetOpenPageAsync("", OverviewReporter.MaxLists + 1, Token))
            .Take(OverviewReporter.MaxLists).ToList();
        return (open, await catalog.GetLiveAsync([.. open.Select(list => list.ListId)], Token));
    }

    private static AzureAccount Open(TestServer server) =>
        new(new()
        {
            ConnectionString = "DefaultEndpointsProtocol=http;AccountName=test;AccountKey=cGlwZWxpbmUtdGVzdHM=;"
                + $"BlobEndpoint={server.Address}test;QueueEndpoint={server.Address}test;"
                + $"TableEndpoint={server.Address}test;",
        });

    private static int MembersRead(TestServer server, int from) =>
        server.Seen.Skip(from).Count(request => Decoded(request.PathAndQuery).Contains("'list."));

    private static string Decoded(string text) => Uri.UnescapeDataString(text).Replace('+', ' ');

    /// <summary>Answers from lists l0000, l0001, …, of whose submissions the first half is closed.</summary>
    private static Task AnswerAsync(
        HttpContext context, int lists, int submissions, Func<int, bool>? isOpen = null)
    {
        var request = Decoded(context.Request.Path + context.Request.QueryString);
        if (Range().Match(request) is { Success: true } range)
        {
            var (partition, from) = (range.Groups[1].Value, range.Groups[2].Value);
            return partition switch
            {
                "lists" => PageAsync(context, Enumerable.Range(0, lists).Select(i => ListRow($"l{i:D4}"))),
                _ when partition.StartsWith("list.", StringComparison.Ordinal) => PageAsync(
                    context,
                    Enumerable.Range(0, submissions).Skip(int.Parse(from[1..], CultureInfo.InvariantCulture))
                        .Select(i => new JsonObject
                        {
                            ["PartitionKey"] = partition,
                            ["RowKey"] = LedgerKeys.Member(i),
                            ["SubmissionId"] = SubmissionIds.Of(partition[5..], i),
                        })),
                _ => PageAsync(
                    context, [new JsonObject { ["PartitionKey"] = partition, ["RowKey"] = "c", ["Waiting"] = 1000 }]),
            };
        }

        var id = Point().Match(request).Groups[1].Value;
        var sequence = int.Parse(id[(id.LastIndexOf('-') + 1)..], CultureInfo.InvariantCulture);
        var state = isOpen?.Invoke(sequence) == true || sequence >= submissions / 2
            ? SubmissionState.Accepted
            : SubmissionState.Closed;
        return TestServer.Json(new JsonObject
        {
            ["odata.etag"] = "W/\"1\"",
            ["PartitionKey"] = id,
            ["RowKey"] = "s",
            ["ListId"] = SubmissionIds.ListOf(id),
            ["State"] = state.ToString(),
            ["Sequence"] = sequence,
            ["Count"] = 1000,
            ["Records"] = 1000,
        }.ToJsonString())(context);
    }

    private static JsonObject ListRow(string id) => new()
    {
        ["odata.etag"] = "W/\"1\"",
        ["PartitionKey"] = "lists",
        ["RowKey"] = id,
        ["ListId"] = id,
        ["State"] = "Open",
    };

    private static Task PageAsync(HttpContext context, IEnumerable<JsonObject> rows)
    {
        var query = context.Request.Query;
        var after = query["NextRowKey"].ToString();
        var size = int.TryParse(query["$top"], CultureInfo.InvariantCulture, out var top) ? top : PageRows;
        var left = rows.Where(row => string.CompareOrdinal(row["RowKey"]!.GetValue<string>(), after) > 0)
            .Take(size + 1).ToList();
        return TestServer.Json(
            new JsonObject { ["value"] = new JsonArray([.. left.Take(size)]) }.ToJsonString(), 200,
            left.Count > size
                ? [("x-ms-continuation-NextPartitionKey", "p"),
                    ("x-ms-continuation-NextRowKey", left[size - 1]["RowKey"]!.GetValue<string>())]
                : [])(context);
    }

    [GeneratedRegex("PartitionKey eq '([^']*)' and RowKey ge '([^']*)'")]
    private static partial Regex Range();

    [GeneratedRegex("PartitionKey='([^']*)'")]
    private static partial Regex Point();
}

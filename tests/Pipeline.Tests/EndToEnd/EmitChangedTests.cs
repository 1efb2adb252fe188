using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Pipeline.Records;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.EndToEnd;

/// <summary>
/// <c>Series:Emit=changed</c> over an account: only changed records are announced; the manifest counts all.
/// </summary>
[Trait("Needs", "servers")]
public sealed class EmitChangedTests(Servers servers) : StoreSuite(servers)
{
    private readonly ConcurrentDictionary<string, string> _pages = new(
        [new("1", "<p>a</p>"), new("2", "<p>b</p>"), new("3", "<p>c</p>")]);

    [Fact]
    public async Task OnlyNewAndChangedRecordsAreAnnouncedAndAllAreCounted()
    {
        await using var site = await TestServer.StartAsync(context =>
        {
            context.Response.ContentType = "text/html; charset=utf-8";
            return context.Response.WriteAsync(_pages[context.Request.Path.Value![1..]]);
        });
        await using var rig = await StartAsync(allowPrivate: true);
        var first = await RunAsync(rig, site, "first", "1", "2", "3");
        Assert.Equal(["1 new", "2 new", "3 new"], await AnnouncedAsync(rig, "first"));

        _pages["2"] = "<p>B</p>";
        _pages["4"] = "<p>d</p>";
        var second = await RunAsync(rig, site, "second", "1", "2", "3", "4");

        Assert.Equal(["2 changed", "4 new"], await AnnouncedAsync(rig, "second"));
        var manifest = second.Manifest.GetProperty("lists").EnumerateArray()
            .Single(list => list.GetProperty("list_id").GetString() == "second");
        Assert.Equal(
            (4, 4, """{"new":1,"same":2,"changed":1,"removed":0}"""),
            (manifest.GetProperty("inputs").GetInt32(), manifest.GetProperty("records").GetInt32(),
                JsonSerializer.Serialize(manifest.GetProperty("changes"))));
        Assert.Equal(3 + 4, second.Records.Count);
        Assert.Equal(3, first.Records.Count);
    }

    private static Task<RunOutcome> RunAsync(Rig rig, TestServer site, string listId, params string[] pages) =>
        rig.RunAsync(rig.Settings(
            rig.List(pages.Select(page => new Uri(site.Address, page).AbsoluteUri)),
            tuning: [("Intake:AllowPrivate", "true"), ("Series:Emit", "changed")]) with
        {
            ListId = listId,
            Series = new("prices"),
        });

    /// <summary>
    /// Page and change of each record of a list that queue <c>records</c> names. It may name one more than once.
    /// </summary>
    private static async Task<IEnumerable<string>> AnnouncedAsync(Rig rig, string listId) =>
        (await new AzureOutput(rig.Azure!.Open()).MessagesAsync("records"))
            .Select(PartMessage.Parse)
            .Where(part => part.ListId == listId)
            .SelectMany(part => part.Records)
            .Select(record => $"{record.Url![^1]} {record.Change}")
            .Distinct()
            .Order(StringComparer.Ordinal);
}

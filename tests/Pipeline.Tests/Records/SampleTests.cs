using Npgsql;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Records;

/// <summary>The programs of <c>samples/</c> against a real queue, real blobs and a real database.</summary>
[Trait("Needs", "servers")]
public sealed class SampleTests(Servers servers)
{
    private const int Parts = 40;
    private const int PerPart = 5;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TheConsumerOfTheReadmeIsTheSampleAndReadsAQueue()
    {
        var sample = Repository.Read("samples/Minimal/Program.cs");
        Assert.Contains($"```csharp\n{sample}```", Repository.Read("src/Pipeline.Records/README.md"));
        Assert.InRange(sample.Split('\n').Length - 1, 1, 20);
        var account = await PartAccount.CreateAsync(await servers.AzureAsync());
        await account.PutAsync("a", Enumerable.Range(0, 3).Select(i => RecordLine.Of(i)).ToList());

        using var process = SampleProcess.Start(
            "Minimal", ["--until-empty"], ("AzureWebJobsStorage", account.Connection));
        var output = await process.WaitAsync();

        Assert.Equal(
            Enumerable.Range(0, 3).Select(i => $"200 https://www.example.com/{i} 11"),
            output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(0, await account.CountAsync());
    }

    [Fact]
    [Trait("Promise", "7")]
    public async Task EachRecordTakesEffectOnceHoweverOftenTheConsumerIsKilled()
    {
        var azurite = await servers.AzureAsync();
        var account = await PartAccount.CreateAsync(azurite);
        await using var database = await servers.PostgresAsync();
        await using var proxy = await FaultProxy.StartAsync(azurite.Queues);
        for (var part = 0; part < Parts; part++)
            await account.PutAsync(
                $"part{part}",
                Enumerable.Range(part * PerPart, PerPart).Select(i => RecordLine.Of(i)).ToList());
        var random = new Random(5);
        var (victim, deletes) = ((SampleProcess?)null, 0);
        proxy.Instead = context =>
        {
            var kills = context.Request.Method == "DELETE" && victim is not null && --deletes == 0;
            if (kills)
                victim!.Kill();
            return Task.FromResult(kills);
        };

        for (var kill = 0; kill < 6; kill++)
        {
            // By turns: between the transaction's end and the message's deletion, and anywhere.
            deletes = kill % 2 == 0 ? random.Next(1, 4) : int.MaxValue;
            using (victim = Start(account, database, azurite.ConnectionString(queues: proxy.Address)))
            {
                await victim.ReadLinesAsync(kill % 2 == 0 ? int.MaxValue : random.Next(1, 4));
                await Task.Delay(random.Next(25), Token);
            }
            victim = null;
        }
        Assert.InRange(await account.CountAsync(), 10, Parts);
        // The messages of the killed come again; two consumers at once take them and all the others.
        await Patience.UntilAsync(async () =>
        {
            using var first = Start(account, database);
            using var second = Start(account, database);
            await Task.WhenAll(first.WaitAsync(), second.WaitAsync());
            return await account.CountAsync() == 0;
        });

        Assert.Equal(Parts * PerPart, await NumberAsync(database, "SELECT count(*) FROM page"));
        Assert.Equal(Parts * PerPart, await NumberAsync(database, "SELECT sum(pages)::bigint FROM host"));
        Assert.Equal(11, await NumberAsync(database, "SELECT min(length(html))::bigint FROM page"));
        Assert.Empty((await account.Queue.PeekMessagesAsync(9, Token)).Value);
    }

    /// <summary>PostgreSQL allows no NUL in text or jsonb.</summary>
    [Fact]
    public async Task WhatPostgresCannotHoldIsReplacedAndHoldsUpNothing()
    {
        var account = await PartAccount.CreateAsync(await servers.AzureAsync());
        await using var database = await servers.PostgresAsync();
        const string Parsed = "\"parsed\":" + """{"a":"x\u0000y","b":"c:\\u0000"}""";
        await account.PutAsync(
            "a",
            [
                RecordLine.Of(0, html: "a\0b", extra: "," + Parsed),
                RecordLine.Of(7, extra: ",\"parsed\":{\"n\":1e999999}"),
                RecordLine.Of(1, extra: ",\"parsed\":{\"n\":1e400,\"n\":2}"),
            ]);

        using var process = Start(account, database);
        await process.WaitAsync();

        Assert.Equal(2, await NumberAsync(database, "SELECT count(*) FROM page"));
        Assert.Equal(1, await NumberAsync(database, "SELECT count(*) FROM page WHERE html = 'a' || chr(65533) || 'b'"));
        const string Texts = @"parsed->>'a' = 'x' || chr(65533) || 'y' AND parsed->>'b' = 'c:\u0000'";
        Assert.Equal(1, await NumberAsync(database, $"SELECT count(*) FROM page WHERE {Texts}"));
    }

    private static SampleProcess Start(PartAccount account, NpgsqlDataSource database, string? connection = null) =>
        SampleProcess.Start(
            "Postgres", ["--until-empty", "--lease", "1"],
            ("AzureWebJobsStorage", connection ?? account.Connection), ("POSTGRES", database.ConnectionString));

    private static async Task<long> NumberAsync(NpgsqlDataSource database, string query)
    {
        await using var command = database.CreateCommand(query);
        return (long)(await command.ExecuteScalarAsync(Token))!;
    }
}

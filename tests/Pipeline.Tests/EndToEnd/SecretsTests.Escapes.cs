using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Pipeline.Cli;
using Pipeline.Emulator.Hostile;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.EndToEnd;

/// <content>Secrets that the API repeats in other forms: escaped for JSON or for URLs, once or twice, with doubled
/// slashes.</content>
public sealed partial class SecretsTests
{
    private const string SlashedKey = "planted/api-key/7f3a";

    private static readonly int Forms = HostileText.Escaped(SlashedKey).Count();

    [Theory]
    [InlineData("tasks")]
    [InlineData("400")]
    [InlineData("500")]
    public async Task NoFormInWhichTheApiRepeatsASecretShowsUp(string where)
    {
        var callbacks = new List<string>();
        await using var api = await TestServer.StartAsync(context => AnswerAsync(context, where, callbacks));
        using var folder = new TempFolder();
        var urls = Enumerable.Range(0, Forms).Select(i => $"https://example.com/{i}");
        var run = await CliProcess.RunAsync(
            [.. Command(folder, api.Address), .. urls],
            [
                .. Environment(null).Where(e => e.Item1 != "NIMBLE_API_KEY"),
                ("NIMBLE_API_KEY", SlashedKey),
                ("Pipeline__Intake__MaxInputsPerSubmission", "1"),
                ("Pipeline__Sweep__WebhookGrace", "00:00:00.3"),
                ("Pipeline__Sweep__EvidenceWindow", "00:00:02"),
            ]);
        Assert.True(run.ExitCode == ExitCodes.SomeFailed, run.Error);
        Assert.Equal(Forms, callbacks.Distinct().Count());
        var files = Directory.EnumerateFiles(folder.Path, "*", SearchOption.AllDirectories);
        var failures = File.ReadAllText(folder["out/failures.ndjson"]);
        Assert.Equal(Forms, failures.Split("[key]").Length - 1);
        AssertHoldsNoForm(run.Output + run.Error, "the log", callbacks);
        foreach (var file in files)
            AssertHoldsNoForm(Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file, Token)), file, callbacks);
    }

    /// <summary>Each POST, or its task, is answered with another form of the key and of the callback.</summary>
    private static async Task AnswerAsync(HttpContext context, string where, List<string> callbacks)
    {
        string Words(int form)
        {
            lock (callbacks)
                return $"could not call {HostileText.Escaped(callbacks[form]).ElementAt(form)} "
                    + $"with {HostileText.Escaped(SlashedKey).ElementAt(form)} (form {form})";
        }

        var path = context.Request.Path.Value!;
        if (context.Request.Method == "POST")
        {
            var body = Encoding.UTF8.GetString(((SeenRequest)context.Items[typeof(SeenRequest)]!).Body);
            int form;
            lock (callbacks)
            {
                form = callbacks.Count;
                callbacks.Add(JsonElement.Parse(body).GetProperty("callback_url").GetString()!);
            }

            await (where == "tasks"
                ? TestServer.Json($$"""{"task":{"id":"t-{{form}}","state":"pending"} }""")(context)
                : TestServer.Json($$"""{"msg":"{{Words(form)}}"}""", int.Parse(where))(context));
        }
        else if (path.StartsWith("/v1/tasks/t-", StringComparison.Ordinal)
            && int.TryParse(path["/v1/tasks/t-".Length..], out var form))
        {
            await TestServer.Json(
                $$"""{"task":{"id":"t-{{form}}","state":"error","error":"{{Words(form)}}"} }""")(context);
        }
        else
        {
            await TestServer.Json("""{"data":[],"pagination":{"has_next":false}}""")(context);
        }
    }

    private static void AssertHoldsNoForm(string text, string where, IEnumerable<string> callbacks)
    {
        foreach (var secret in callbacks.Select(url => url[^43..]).Append(SlashedKey))
        {
            foreach (var form in HostileText.Escaped(secret))
            {
                AssertLacks(form);
                AssertLacks(JsonElement.Parse($"\"{form}\"").GetString()!);
            }

            void AssertLacks(string form)
            {
                var at = text.IndexOf(form, StringComparison.Ordinal);
                Assert.True(at < 0, $"'{form}' is in {where}: {(at < 0 ? "" : text[Math.Max(0, at - 200)..])}");
            }
        }
    }
}

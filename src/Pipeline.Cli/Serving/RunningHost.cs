using System.Net.Http.Json;
using System.Text.Json;
using Pipeline.Cli.Failures;
using Pipeline.Cli.Run;
using Pipeline.Cli.Settings;
using Pipeline.Dashboard.Api;
using Pipeline.IO;
using Pipeline.Model;
using Pipeline.Replay;

namespace Pipeline.Cli.Serving;

/// <summary>The process of this machine that works in a folder, asked over its HTTP API.</summary>
internal sealed class RunningHost : IDisposable
{
    private const int Shown = 300;

    private readonly HttpClient _http;

    private RunningHost(Uri address, string? key)
    {
        Address = address;
        // A replay takes as long as there are failures; the user may stop it.
        _http = new(new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = address, Timeout = Timeout.InfiniteTimeSpan,
        };
        if (key is { Length: > 0 })
            _http.DefaultRequestHeaders.Authorization = new("Bearer", key);
    }

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    /// <summary>Finds it; null if nobody works in the folder.</summary>
    public static RunningHost? Find(RunSettings settings) =>
        !settings.WorkStore.IsShared && KeptAddresses.IsListening(settings)
            && KeptAddresses.Listen(settings) is { } address
            ? new(ListenAddress.Local(address), settings.Bind().Dashboard.Key)
            : null;

    /// <summary>What to tell somebody who gives work to a folder in which nobody works; else null.</summary>
    public static string? DescribeAbsence(RunSettings settings)
    {
        using var host = Find(settings);
        return host is not null || settings.WorkStore.IsShared
            ? null
            : $"Nobody works in this folder yet. Start: '{Shell.Command(settings, "serve")}'";
    }

    /// <summary>Has it replay failures of a list.</summary>
    /// <exception cref="PipelineException">It refuses, or does not answer.</exception>
    public async Task<ReplayCounts> ReplayAsync(
        string listId, Selection selection, bool resubmit, CancellationToken cancellationToken)
    {
        var request = new ReplayRequest(
            resubmit, selection.Ids.Count > 0 ? selection.Ids : null,
            selection.Reasons.Count > 0 ? selection.Reasons : null);
        try
        {
            using var response = await _http.PostAsJsonAsync(
                $"api/lists/{Uri.EscapeDataString(listId)}/replay", request, ApiJson.Default.ReplayRequest,
                cancellationToken);
            if (!response.IsSuccessStatusCode)
                throw Refused(await response.Content.ReadAsStringAsync(cancellationToken));
            var answer = (await response.Content.ReadFromJsonAsync(
                ApiJson.Default.ReplayAnswer, cancellationToken))!;
            return new(answer.Resubmitted, answer.Recollected, answer.Found, answer.Left)
            {
                Undone = answer.Undone, Problem = answer.Problem,
            };
        }
        catch (Exception problem) when (problem is HttpRequestException or JsonException)
        {
            throw PipelineException.Transient(
                FailureReasons.Unavailable,
                $"The process at {Address} does not answer: "
                    + $"{(problem is JsonException ? "it is no pipeline" : FaultWords.Of(problem))}. "
                    + "Run the same command again.",
                inner: problem);
        }
    }

    public void Dispose() => _http.Dispose();

    private PipelineException Refused(string answer) => PipelineException.Permanent(
        FailureReasons.InvalidConfiguration,
        $"The process at {Address} refuses: {Detail(answer) ?? answer[..Math.Min(answer.Length, Shown)]}");

    private static string? Detail(string answer)
    {
        try
        {
            using var problem = JsonDocument.Parse(answer);
            return problem.RootElement.GetProperty("detail").GetString();
        }
        catch (Exception other) when (other is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }
}

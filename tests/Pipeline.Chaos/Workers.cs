namespace Pipeline.Chaos;

/// <summary>Starts the command of a trial, always the same one: it goes on where the last one was stopped.</summary>
internal sealed class Workers(Installation installation, TrialPlan plan, string folder, Uri api, SmallDisk? disk, Azurite? azurite)
{
    /// <summary>What no output may show.</summary>
    public const string ApiKey = "chaos/planted-key-3f9c";

    private readonly string _work = disk is null ? folder : Path.Combine(folder, "disk");

    /// <summary>Where webhooks are served.</summary>
    public int Port { get; } = Child.FreePort();

    /// <summary>Where the output is, as it is seen from outside.</summary>
    public string Out => disk is null ? Path.Combine(_work, "out") : disk.Seen(Path.Combine(_work, "out"));

    /// <summary>The key of the callbacks' tokens, as it is seen from outside.</summary>
    public string KeyFile => Path.Combine(Path.GetDirectoryName(Out)!, "state", "callback.key");

    private readonly List<string> _lists = [];

    /// <summary>Adds a list; those before it stay in the command's arguments.</summary>
    /// <param name="inputs">URLs, and what else an input has.</param>
    public async Task AddListAsync(IEnumerable<(string Url, string Fields)> inputs)
    {
        _lists.Add(Path.Combine(folder, $"list{_lists.Count}.ndjson"));
        await File.WriteAllLinesAsync(_lists[^1], inputs.Select(i => $$"""{"url": "{{i.Url}}"{{i.Fields}}}"""));
        if (plan.IsServing)
            await SubmitAsync(_lists[^1]);
    }

    /// <summary>Starts a worker.</summary>
    /// <param name="crashAt">Where it is to kill itself.</param>
    /// <param name="daysOff">By how much its clock is wrong.</param>
    /// <param name="isSecond">Beside another one: at a port of its own, since it is the state that the two have to share.</param>
    public Child Start(string? crashAt = null, int daysOff = 0, bool isSecond = false)
    {
        List<string> arguments = plan.IsServing ? ["serve", "--out", Path.Combine(_work, "out")] : ["run", .. _lists, "--out", Path.Combine(_work, "out")];
        arguments.AddRange(["--state", Path.Combine(_work, "state"), "--api", api.AbsoluteUri, "--listen", $"http://127.0.0.1:{(isSecond ? Child.FreePort() : Port)}/"]);
        if (plan.StorageUrl is not null)
            arguments.AddRange(["--storage-url", plan.StorageUrl, "--compress"]);
        IEnumerable<(string, string)> crash = crashAt is null ? [] : [("PIPELINE_CRASH_AT", crashAt)];
        return installation.Start(arguments, Environment().Concat(Installation.Clock(daysOff)).Concat(crash), disk);
    }

    /// <summary>Hands the list in, for those who serve.</summary>
    private async Task SubmitAsync(string list)
    {
        using var submit = installation.Start(["submit", list, "--out", Path.Combine(_work, "out"), "--state", Path.Combine(_work, "state")], Environment());
        if (await submit.WaitAsync(TimeSpan.FromSeconds(60)) is not 0)
            throw new InvalidOperationException($"The list cannot be handed in: {submit.LastWords}");
    }

    /// <summary>Time is measured in seconds here that are minutes and hours by default; the proportions are kept.</summary>
    private IEnumerable<(string Name, string Value)> Environment() =>
    [
        ("NIMBLE_API_KEY", ApiKey),
        ("AWS_ENDPOINT_URL_S3", $"{api}s3"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("STORAGE_EMULATOR_HOST", $"{api}gcs"),
        ("Pipeline__Intake__MaxInputsPerSubmission", "7"),
        ("Pipeline__Nimble__RequestsPerSecond", "1000"),
        ("Pipeline__Nimble__Timeout", "00:00:02"),
        ("Pipeline__Nimble__RefusedPause", "00:00:00.3"),
        ("Pipeline__Sweep__PostingLease", "00:00:03"),
        ("Pipeline__Sweep__PostingCheck", "00:00:00.3"),
        ("Pipeline__Sweep__WebhookGrace", "00:00:00.7"),
        ("Pipeline__Sweep__PollInterval", "00:00:00.3"),
        ("Pipeline__Sweep__MaxPollInterval", "00:00:01"),
        ("Pipeline__Sweep__EvidenceWindow", "00:00:05"),
        // With a clock that is wrong by a day, a day is no deadline.
        ("Pipeline__Sweep__TaskDeadline", plan.Kind == TrialKind.Clock ? "3.00:00:00" : "00:00:15"),
        ("Pipeline__Collect__ObjectDeadline", "00:00:01.5"),
        ("Pipeline__Collect__RetryDelay", "00:00:00.1"),
        ("Runner__Visibility", "00:00:02"),
        ("Runner__SweepInterval", "00:00:00.3"),
        ("Runner__IdleSweepInterval", "00:00:00.1"),
        ("Runner__RetryDelay", "00:00:00.2"),
        .. azurite is null ? [] : new[] { ("AzureWebJobsStorage", azurite.ConnectionString) },
    ];
}

namespace Pipeline.Chaos;

/// <summary>
/// Starts the command of a trial, always with the same arguments, so that it continues where it was stopped.
/// </summary>
internal sealed class Workers(
    Installation installation, TrialPlan plan, string folder, Uri api, TrialDisk? disk, Azurite? azurite)
{
    /// <summary>The API key, which no output may contain.</summary>
    public const string ApiKey = "chaos/planted-key-3f9c";

    private readonly string _work = disk is null ? folder : Path.Combine(folder, "disk");

    /// <summary>The port that serves webhooks.</summary>
    public int Port { get; } = Child.FreePort();

    /// <summary>The output folder, as seen from outside the namespace.</summary>
    public string Out => disk is null ? Path.Combine(_work, "out") : disk.Seen(Path.Combine(_work, "out"));

    /// <summary>The file of the callback key, as seen from outside the namespace.</summary>
    public string KeyFile => Path.Combine(Path.GetDirectoryName(Out)!, "state", "callback.key");

    private readonly List<string> _lists = [];

    /// <summary>Adds a list; earlier lists stay in the command's arguments.</summary>
    /// <param name="inputs">URLs, and further members of the input as JSON.</param>
    public async Task AddListAsync(IEnumerable<(string Url, string Fields)> inputs)
    {
        _lists.Add(Path.Combine(folder, $"list{_lists.Count}.ndjson"));
        await File.WriteAllLinesAsync(_lists[^1], inputs.Select(i => $$"""{"url": "{{i.Url}}"{{i.Fields}}}"""));
        if (plan.IsServing)
            await SubmitAsync(_lists[^1]);
    }

    /// <summary>Starts a worker.</summary>
    /// <param name="crashAt">The boundary at which it kills itself; null for none.</param>
    /// <param name="daysOff">Error of its clock, days.</param>
    /// <param name="isSecond">
    /// Whether it runs beside another worker and needs its own port; the two share only the state.
    /// </param>
    public Child Start(string? crashAt = null, int daysOff = 0, bool isSecond = false)
    {
        List<string> arguments = plan.IsServing
            ? ["serve", "--out", Path.Combine(_work, "out")]
            : ["run", .. _lists, "--series", "chaos", "--out", Path.Combine(_work, "out")];
        arguments.AddRange(
            [
                "--state", Path.Combine(_work, "state"), "--api", api.AbsoluteUri, "--listen",
                $"http://127.0.0.1:{(isSecond ? Child.FreePort() : Port)}/"]);
        if (plan.StorageUrl is not null)
            arguments.AddRange(["--storage-url", plan.StorageUrl, "--compress"]);
        IEnumerable<(string, string)> crash = crashAt is null ? [] : [("PIPELINE_CRASH_AT", crashAt)];
        return installation.Start(arguments, Environment().Concat(Installation.Clock(daysOff)).Concat(crash), disk);
    }

    /// <summary>Backs up or restores the state; its file is the last argument.</summary>
    /// <returns>False if there is nothing to back up or to restore yet.</returns>
    public async Task<bool> KeepAsync(params IReadOnlyList<string> command)
    {
        if (!CanKeep(command))
            return false;
        using var keep = StartKeeping(command);
        return await keep.WaitAsync(TimeSpan.FromSeconds(60)) is 0
            ? true
            : throw new InvalidOperationException($"Cannot {command[0]}: {keep.LastWords}");
    }

    /// <summary>Starts the same command and kills it after a time; whoever repeats it completes it.</summary>
    public async Task KillKeepingAsync(TimeSpan after, params IReadOnlyList<string> command)
    {
        if (!CanKeep(command))
            return;
        using var keep = StartKeeping(command);
        await keep.WaitAsync(after);
        await keep.KillAsync();
    }

    private string BackupFile => Path.Combine(folder, "state.backup");

    private bool CanKeep(IReadOnlyList<string> command) => command[0] == "backup"
        ? azurite is not null || File.Exists(Path.Combine(_work, "state", "state.db"))
        : File.Exists(BackupFile);

    private Child StartKeeping(IReadOnlyList<string> command)
    {
        // The worker on the account was killed a moment ago.
        IEnumerable<string> force = azurite is not null && command[0] == "restore" ? ["--force"] : [];
        return installation.Start(
            [
                .. command, BackupFile, .. force, "--out", Path.Combine(_work, "out"), "--state",
                Path.Combine(_work, "state")],
            Environment());
    }

    /// <summary>Submits a list to a serving command.</summary>
    private async Task SubmitAsync(string list)
    {
        using var submit = installation.Start(
            [
                "submit", list, "--series", "chaos", "--out", Path.Combine(_work, "out"), "--state",
                Path.Combine(_work, "state")],
            Environment());
        if (await submit.WaitAsync(TimeSpan.FromSeconds(60)) is not 0)
            throw new InvalidOperationException($"Cannot submit the list: {submit.LastWords}");
    }

    /// <summary>Settings that shorten minutes and hours to seconds, in the same proportions.</summary>
    private IEnumerable<(string Name, string Value)> Environment() =>
    [
        ("NIMBLE_API_KEY", ApiKey),
        ("AWS_ENDPOINT_URL_S3", $"{api}s3"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("STORAGE_EMULATOR_HOST", $"{api}gcs"),
        ("Pipeline__Intake__MaxInputsPerSubmission", "7"),
        ("Pipeline__Nimble__RequestsPerSecond", "1000"),
        ("Pipeline__Nimble__Timeout", plan.Kind == TrialKind.Hostile ? "00:00:05" : "00:00:02"),
        ("Pipeline__Nimble__RefusedPause", "00:00:00.3"),
        ("Pipeline__Sweep__PostingLease", plan.Kind == TrialKind.Hostile ? "00:00:08" : "00:00:03"),
        ("Pipeline__Sweep__PostingCheck", "00:00:00.3"),
        ("Pipeline__Sweep__WebhookGrace", "00:00:00.7"),
        ("Pipeline__Sweep__PollInterval", "00:00:00.3"),
        ("Pipeline__Sweep__MaxPollInterval", "00:00:01"),
        ("Pipeline__Sweep__EvidenceWindow", plan.Kind == TrialKind.Hostile ? "00:00:15" : "00:00:05"),
        // With a clock that is off by a day, the deadline must be longer than a day.
        ("Pipeline__Sweep__TaskDeadline",
            plan.Kind switch { TrialKind.Clock => "3.00:00:00", TrialKind.Hostile => "00:00:40", _ => "00:00:15" }),
        ("Pipeline__Collect__ObjectDeadline", "00:00:01.5"),
        ("Pipeline__Collect__RetryDelay", "00:00:00.1"),
        ("Pipeline__Export__Format", plan.Exports ? "parquet" : "none"),
        ("Runner__Visibility", "00:00:02"),
        ("Runner__SweepInterval", "00:00:00.3"),
        ("Runner__IdleSweepInterval", "00:00:00.1"),
        ("Runner__RetryDelay", "00:00:00.2"),
        .. azurite is null ? [] : new[] { ("AzureWebJobsStorage", azurite.ConnectionString) },
    ];
}

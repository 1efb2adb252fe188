using Pipeline.Emulator;

namespace Pipeline.Cli.Status;

/// <summary>
/// Shows the state of lists again and again until none is open: in place on a terminal, elsewhere whenever it changed.
/// </summary>
/// <param name="reader">Reads the state.</param>
/// <param name="write">Writes it as text.</param>
/// <param name="asJson">Whether the text is for programs.</param>
internal sealed class StatusWatch(StatusReader reader, Func<StatusView, string> write, bool asJson)
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(2);

    private readonly LiveLines? _live = !asJson && Prose.WidthOf(Console.Out) is not null && !Terminal.IsDumb
        ? new(CleanConsole.Raw(Console.Out), () => Prose.WidthOf(Console.Out) ?? int.MaxValue)
        : null;

    private string? _last;

    /// <summary>Shows it until no list is open.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var view = await reader.ReadAsync(cancellationToken);
            if (!view.IsOpen)
            {
                await EndAsync(view);
                return;
            }
            await ShowAsync(view);
            await WaitAsync(cancellationToken);
        }
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(Every, TimeProvider.System, cancellationToken);
        }
        catch (OperationCanceledException) when (_live is not null)
        {
            // The prompt begins on a line of its own, below what was drawn last.
            await Console.Out.WriteLineAsync();
            throw;
        }
    }

    private async Task ShowAsync(StatusView view)
    {
        var text = write(view);
        if (_live is not null)
            _live.Draw(Fit([.. view.Notes, .. text.Split('\n'), $"{TimeProvider.System.GetUtcNow():HH:mm:ss} UTC"]));
        else if (text != _last)
            await Console.Out.WriteLineAsync(_last = text);
    }

    /// <summary>Leaves the last state on the terminal, in full.</summary>
    private async Task EndAsync(StatusView view)
    {
        _live?.Clear();
        foreach (var note in view.Notes)
            await Console.Error.WriteProseAsync(note);
        if (write(view) is var text && text != _last)
            await Console.Out.WriteLineAsync(text);
    }

    // What is above the terminal cannot be drawn again.
    private static List<string> Fit(List<string> lines)
    {
        var most = Math.Max(2, Console.WindowHeight - 1);
        return lines.Count <= most
            ? lines
            : [.. lines.Take(most - 2), $"… and {lines.Count - most + 1} more lines", lines[^1]];
    }
}

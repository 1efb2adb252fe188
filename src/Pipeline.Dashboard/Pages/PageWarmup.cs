using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Pipeline.Dashboard.Pages;

/// <summary>
/// Renders the overview once for nobody, so that the first person who opens it does not wait for code that runs for the
/// first time and for pages of the ledger that no process has read yet.
/// </summary>
internal sealed partial class PageWarmup : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();

    private PageWarmup(IServiceProvider services, TimeSpan after) => Completion = RunAsync(services, after);

    /// <summary>Ends when the page was rendered, or could not be. Never fails.</summary>
    public Task Completion { get; }

    /// <summary>Whether the page was rendered.</summary>
    public bool HasRendered { get; private set; }

    /// <summary>Starts it.</summary>
    /// <param name="services">The services of a host with the pages.</param>
    /// <param name="after">How long to wait first: what the host itself has to do comes before.</param>
    public static PageWarmup Start(IServiceProvider services, TimeSpan after) => new(services, after);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Completion;
        _stop.Dispose();
    }

    private async Task RunAsync(IServiceProvider services, TimeSpan after)
    {
        var logger = services.GetRequiredService<ILogger<PageWarmup>>();
        try
        {
            await Task.Delay(after, services.GetRequiredService<TimeProvider>(), _stop.Token);
            HasRendered = await Task.Run(() => RenderAsync(services, _stop.Token), _stop.Token);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
        // The first person then waits a little longer, and is told what is wrong.
        catch (Exception problem)
        {
            LogCold(logger, problem.Message);
        }
    }

    private static async Task<bool> RenderAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        var context = new DefaultHttpContext { RequestServices = services, RequestAborted = cancellationToken };
        context.Response.Body = Stream.Null;
        var page = services.GetRequiredService<PageContexts>().ForReader(context);
        if (await services.GetRequiredService<PageReader>().ShowAsync(context, page, []) is not { } overview)
            return false;
        await overview.ExecuteAsync(context);
        return true;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The first page was not prepared: {Reason}")]
    private static partial void LogCold(ILogger logger, string reason);
}

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Dashboard.Access;
using Pipeline.Dashboard.Acting;
using Pipeline.Dashboard.Charts;
using Pipeline.Dashboard.Pages.Inputs;
using Pipeline.Dashboard.Pages.Lists;
using Pipeline.Dashboard.Pages.Schedules;
using Pipeline.Dashboard.Pages.SigningIn;

namespace Pipeline.Dashboard.Pages;

/// <summary>The web pages.</summary>
internal static class PageEndpoints
{
    /// <summary>Registers the pages.</summary>
    /// <param name="services">The services of a host.</param>
    /// <param name="place">Where it serves them.</param>
    public static IServiceCollection AddPages(this IServiceCollection services, DashboardPlace place) => services
        .AddSingleton(place)
        .AddSingleton<SessionTickets>()
        .AddSingleton<DashboardAccess>()
        .AddSingleton<FormReader>()
        .AddSingleton<SignInPages>()
        .AddSingleton<EventStream>()
        .AddSingleton<BulkActions>()
        .AddSingleton<FlowHistory>()
        .AddSingleton<ListPages>()
        .AddSingleton<InputViews>()
        .AddSingleton<PageActions>()
        .AddSingleton<SchedulePages>()
        .AddSingleton<SubmitForm>()
        .AddSingleton<OpenListSearch>()
        .AddSingleton<ListDownloads>()
        .AddSingleton<ListBulk>()
        .AddSingleton<PageForms>()
        .AddSingleton<PageReader>()
        .AddSingleton<PageContexts>()
        .AddSingleton<PageRouter>();

    /// <summary>Serves the pages at every path that nothing else answers.</summary>
    public static void MapPages(this IEndpointRouteBuilder app)
    {
        // It listens from now on, not from the first page on.
        app.ServiceProvider.GetRequiredService<FlowHistory>();
        app.MapMethods("/{**path}", ["GET", "HEAD", "POST"], async (HttpContext context, string? path) =>
        {
            var router = context.RequestServices.GetRequiredService<PageRouter>();
            var answer = await router.AnswerAsync(context, path ?? "");
            await answer.ExecuteAsync(context);
        });
    }
}

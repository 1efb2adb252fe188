using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Pipeline.Tests.Support;

/// <summary>
/// Creates minimal web hosts, because tests start hundreds: a server on a free loopback port and routing, without
/// reading or watching files.
/// </summary>
internal static class Hosts
{
    public static WebApplicationBuilder CreateBuilder()
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRoutingCore();
        return builder;
    }
}

namespace Pipeline.Cli.Doctor;

/// <summary>Says which proxy requests go through, and which variable says so.</summary>
internal static class ProxyReport
{
    /// <summary>One sentence for all destinations; a proxy's user and password are left out.</summary>
    public static string Describe(IEnumerable<Uri> destinations)
    {
        var routes = destinations.Select(Route).ToList();
        return routes.Exists(route => route.Proxy is not null)
            ? string.Join("; ", routes.Select(route => $"{route.Host} {route.Proxy ?? "directly"}").Distinct())
            : "none; requests go out directly";
    }

    private static (string Host, string? Proxy) Route(Uri destination)
    {
        var proxy = HttpClient.DefaultProxy.GetProxy(destination);
        return (
            destination.Authority,
            proxy is null
                ? null
                : "through " + proxy.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped)
                    + Source(destination));
    }

    private static string Source(Uri destination)
    {
        string[] names =
        [
            $"{destination.Scheme}_proxy",
            $"{destination.Scheme}_proxy".ToUpperInvariant(),
            "all_proxy",
            "ALL_PROXY",
        ];
        var name = names.FirstOrDefault(n => Environment.GetEnvironmentVariable(n) is { Length: > 0 });
        return name is null ? "" : $" ({name})";
    }
}

using System.Net;
using System.Net.Sockets;
using Pipeline.Cli.Settings;
using Pipeline.IO;
using Pipeline.Notation;

namespace Pipeline.Cli.Serving;

/// <summary>The address at which webhooks and the dashboard are served.</summary>
internal static class ListenAddress
{
    /// <summary>Reads the option; null if it is not given or cannot be used.</summary>
    public static Uri? Read(string? text, ICollection<string> faults)
    {
        if (text is null)
            return null;
        if (WebAddress.Parse(text) is { Scheme: "http", AbsolutePath: "/" } address)
            return address;
        faults.Add($"{RunOptions.Listen.Name} is {DisplayText.Quote(text)}. Write an http address without a path, "
            + "such as http://127.0.0.1:8080. For TLS, put a proxy in front and give its address as "
            + $"{RunOptions.CallbackBase.Name}.");
        return null;
    }

    /// <summary>Why this process cannot listen there; null if it can.</summary>
    public static string? Problem(Uri address)
    {
        try
        {
            using var probe = Bind(address, address.Port);
            return null;
        }
        catch (SocketException problem)
        {
            return FaultWords.Of(problem);
        }
    }

    /// <summary>The address with a free port.</summary>
    public static Uri WithFreePort(Uri address)
    {
        using var probe = Bind(address, 0);
        return new UriBuilder(address) { Port = ((IPEndPoint)probe.LocalEndpoint).Port }.Uri;
    }

    /// <summary>The address for callers on this machine: not every system can call a wildcard address.</summary>
    public static Uri Local(Uri address) => IPOf(address) switch
    {
        var ip when ip.Equals(IPAddress.Any) => new UriBuilder(address) { Host = "127.0.0.1" }.Uri,
        var ip when ip.Equals(IPAddress.IPv6Any) => new UriBuilder(address) { Host = "[::1]" }.Uri,
        _ => address,
    };

    private static TcpListener Bind(Uri address, int port)
    {
        var listener = new TcpListener(IPOf(address), port);
        listener.Start();
        return listener;
    }

    /// <summary>Reads a host as Kestrel does: any name except localhost means all addresses of this machine.</summary>
    private static IPAddress IPOf(Uri address) =>
        IPAddress.TryParse(address.DnsSafeHost, out var ip) ? ip
        : address.Host == "localhost" ? IPAddress.Loopback : IPAddress.Any;
}

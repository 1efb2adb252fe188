using System.Net;
using System.Net.Sockets;
using Pipeline.Notation;

namespace Pipeline.Cli.Run;

/// <summary>An address that webhooks and the status page are served at.</summary>
internal static class ListenAddress
{
    /// <summary>Reads the option; null where it is not given or cannot be used.</summary>
    public static Uri? Read(string? text, ICollection<string> faults)
    {
        if (text is null)
            return null;
        if (WebAddress.Parse(text) is { Scheme: "http", AbsolutePath: "/" } address)
            return address;
        faults.Add($"{RunOptions.Listen.Name} is {Shown.Quote(text)}. Write an http address without a path, such as "
            + $"http://127.0.0.1:8080. TLS ends at a proxy before it, whose address is {RunOptions.CallbackBase.Name}.");
        return null;
    }

    /// <summary>Why nobody can listen there; null where somebody can.</summary>
    public static string? Problem(Uri address)
    {
        try
        {
            using var probe = Bind(address, address.Port);
            return null;
        }
        catch (SocketException problem)
        {
            return problem.SocketErrorCode == SocketError.AddressAlreadyInUse ? "the port is in use." : problem.Message;
        }
    }

    /// <summary>The address with a port that is free.</summary>
    public static Uri WithFreePort(Uri address)
    {
        using var probe = Bind(address, 0);
        return new UriBuilder(address) { Port = ((IPEndPoint)probe.LocalEndpoint).Port }.Uri;
    }

    /// <summary>What reaches it from this machine: nobody can call a wildcard everywhere.</summary>
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

    /// <summary>As Kestrel takes a host: a name that is no address stands for all addresses of this machine.</summary>
    private static IPAddress IPOf(Uri address) =>
        IPAddress.TryParse(address.DnsSafeHost, out var ip) ? ip
        : address.Host == "localhost" ? IPAddress.Loopback : IPAddress.Any;
}

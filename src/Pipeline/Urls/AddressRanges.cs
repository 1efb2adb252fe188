using System.Net;

#if EMULATOR
namespace Pipeline.Emulator.Pages;
#else
namespace Pipeline.Urls;
#endif

/// <summary>
/// Tells the addresses of the public internet from this machine's, its networks' and the clouds' metadata services.
/// </summary>
internal static class AddressRanges
{
    private static readonly IPNetwork[] Private =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
            "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4",
            // Azure's own channel to its machines.
            "168.63.129.16/32",
            // Every one of these can hold an IPv4 address of the above (compatible, NAT64, Teredo, 6to4); pages are not
            // served there.
            "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16",
            "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
        }.Select(network => IPNetwork.Parse(network)),
    ];

    /// <summary>Whether an address is one of the public internet.</summary>
    public static bool IsPublic(IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return !Private.Any(network => network.Contains(plain));
    }
}

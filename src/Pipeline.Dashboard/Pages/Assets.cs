using System.Collections.Frozen;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;

namespace Pipeline.Dashboard.Pages;

/// <summary>Style sheet, script and icon of the pages, out of this assembly.</summary>
internal static class Assets
{
    private static readonly FrozenDictionary<string, Asset> ByName = new[]
    {
        Read("dashboard.css", "text/css; charset=utf-8"),
        Read("dashboard.js", "text/javascript; charset=utf-8"),
        Read("icon.svg", "image/svg+xml"),
    }.ToFrozenDictionary(asset => asset.Name, StringComparer.Ordinal);

    /// <summary>The address of a file. It changes with the content, so browsers may keep what they got.</summary>
    public static string To(DashboardPlace place, string name) =>
        $"{place.BasePath}assets/{name}?v={ByName[name].Digest}";

    /// <summary>Serves a file; null if there is none of that name.</summary>
    public static IResult? Serve(HttpContext context, string name)
    {
        if (!ByName.TryGetValue(name, out var asset))
            return null;
        context.Response.Headers.CacheControl =
            context.Request.Query["v"] == asset.Digest ? "public, max-age=31536000, immutable" : "no-store";
        return Results.Bytes(asset.Content, asset.Type);
    }

    private static Asset Read(string name, string type)
    {
        using var stream = typeof(Assets).Assembly.GetManifestResourceStream($"Assets.{name}")!;
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        return new(name, type, content, Convert.ToHexStringLower(SHA256.HashData(content))[..16]);
    }

    private sealed record Asset(string Name, string Type, byte[] Content, string Digest);
}

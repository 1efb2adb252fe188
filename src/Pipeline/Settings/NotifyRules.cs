using System.Net;
using Pipeline.Notation;
using Pipeline.Notify;
using Pipeline.Options;
using Pipeline.Urls;

namespace Pipeline.Settings;

/// <summary>Checks the settings of notifications. No message repeats the address: its path may be secret.</summary>
internal static class NotifyRules
{
    private const string MakeSecret = "Make one with 'openssl rand -base64 32'.";

    /// <summary>Returns a line for each fault.</summary>
    public static IEnumerable<string> Check(PipelineOptions options)
    {
        var notify = options.Notify;
        if (notify.Url is { } url && KeyVault.Unresolved("", url) is null
            && FindProblem(url.Trim(), notify) is { } problem)
            yield return $"{options.NameOf("Notify:Url")} {problem}";
        if (notify.Url is not null && ReceiverSecrets.Split(notify.Secret).Count == 0)
            yield return $"{options.NameOf("Notify:Url")} needs a secret in Pipeline__Notify__Secret, which signs each "
                + $"POST. {MakeSecret}";
        if (notify.Secret is { } secret && KeyVault.Unresolved("", secret) is null
            && !ReceiverSecrets.Split(secret).All(ReceiverSecrets.IsSecret))
            yield return $"{options.NameOf("Notify:Secret")} is not base64 of 24 to 64 bytes, or several of them with "
                + $"blanks between. {MakeSecret}";
    }

    private static string? FindProblem(string text, NotifyOptions notify)
    {
        if (text.Any(c => c is <= ' ' or > '~') || !Uri.TryCreate(text, UriKind.Absolute, out var address)
            || address is not { Scheme: "http" or "https", Host.Length: > 0, Fragment: "" })
            return "is not an address. Write one such as https://hooks.example.com/pipeline.";
        if (address.UserInfo.Length > 0)
            return "contains a user name or password, which would appear in logs. Remove them: each POST is signed.";
        if (notify.AllowPrivate)
            return null;
        if (address.Scheme != Uri.UriSchemeHttps)
            return "is not https. Write an https address, or set Pipeline__Notify__AllowPrivate=true for a receiver in "
                + "your own network.";
        return address.IsLoopback || (IPAddress.TryParse(address.IdnHost, out var ip) && !AddressRanges.IsPublic(ip))
            ? "is an address of this machine, a private network or a metadata service. Set "
                + "Pipeline__Notify__AllowPrivate=true to allow it."
            : null;
    }
}

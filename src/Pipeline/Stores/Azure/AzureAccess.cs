using System.Globalization;

namespace Pipeline.Stores.Azure;

/// <summary>How this process signs in to the storage account; advice depends on it.</summary>
internal enum AzureSignIn
{
    /// <summary>An identity of Entra ID, which needs roles.</summary>
    Identity,

    /// <summary>The account's key, in a connection string.</summary>
    Key,

    /// <summary>A shared access signature, in a connection string.</summary>
    Signature,
}

/// <summary>By what right something of the account is used.</summary>
/// <param name="SignIn">How this process signs in.</param>
/// <param name="Role">The role that an identity needs for it.</param>
/// <param name="Until">When the shared access signature expires.</param>
internal sealed record AzureAccess(AzureSignIn SignIn, string Role, DateTimeOffset? Until = null)
{
    private const string Setting = "AzureWebJobsStorage";

    /// <summary>Reads a connection string; without one an identity signs in.</summary>
    public static AzureAccess Of(string? connectionString, string role)
    {
        if (connectionString is null)
            return new(AzureSignIn.Identity, role);
        var parts = connectionString.Split(';', StringSplitOptions.TrimEntries);
        const string Name = "SharedAccessSignature=";
        if (parts.FirstOrDefault(p => p.StartsWith(Name, StringComparison.OrdinalIgnoreCase)) is not { } signature)
            return new(AzureSignIn.Key, role);
        var end = signature[Name.Length..].TrimStart('?').Split('&').FirstOrDefault(p => p.StartsWith("se=", StringComparison.Ordinal));
        return new(AzureSignIn.Signature, role, end is null ? null : ReadTime(Uri.UnescapeDataString(end[3..])));
    }

    /// <summary>What to do about a refusal.</summary>
    /// <param name="code">The account's own word for it.</param>
    /// <param name="serverTime">When the account says that it refused.</param>
    public string Advice(string? code, DateTimeOffset? serverTime) => (code, SignIn) switch
    {
        ("KeyBasedAuthenticationNotPermitted", _) =>
            $"The account refuses keys. Set {Setting}__accountName instead of a connection string, and sign in with an identity.",
        ("AccountIsDisabled", _) => "The account is disabled. Look at its subscription.",
        ("IpAuthorizationError" or "PublicAccessNotPermitted", not AzureSignIn.Identity) =>
            "The account's firewall or network rules keep this host out. Allow the host's network on the account.",
        (_, AzureSignIn.Signature) when serverTime > Until => string.Create(
            CultureInfo.InvariantCulture,
            $"The shared access signature in {Setting} expired on {Until:yyyy-MM-dd HH:mm} UTC. Make a new one and set {Setting}."),
        ("AuthorizationPermissionMismatch" or "AuthorizationServiceMismatch" or "AuthorizationResourceTypeMismatch", AzureSignIn.Signature) =>
            $"The shared access signature in {Setting} does not allow this. Make one for blobs, queues and tables, "
            + "for services, containers and objects, with all permissions.",
        (_, AzureSignIn.Signature) =>
            $"The account does not take the shared access signature in {Setting}: its key may have been rotated, it is altered, "
            + "or this host's address or clock is outside its bounds. Make a new one.",
        ("AuthorizationFailure", AzureSignIn.Key) =>
            $"The account refuses the key in {Setting}, or its network rules keep this host out. "
            + "Copy the connection string from the account's access keys, and allow the host's network.",
        (_, AzureSignIn.Key) =>
            $"The key in {Setting} is not valid there (it may have been rotated), or the clock of this machine is wrong. "
            + "Copy the connection string from the account's access keys.",
        ("AuthenticationFailed" or "NoAuthenticationInformation" or "InvalidAuthenticationInfo" or "AuthInvalidKey", _) =>
            $"The credentials are not valid there. Check {Setting}__accountName, the identity's tenant and the clock of this machine.",
        ("AuthorizationFailure" or "IpAuthorizationError" or "PublicAccessNotPermitted", _) =>
            $"The account's firewall or network rules keep this host out, or its identity lacks the role '{Role}'. "
            + "Allow the host's network on the account, and grant the role.",
        _ => $"Grant the role '{Role}' on the storage account to this host's identity; a new grant takes some minutes to work.",
    };

    private static DateTimeOffset? ReadTime(string text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;
}

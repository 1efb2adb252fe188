using System.Globalization;

namespace Pipeline.Stores.Azure;

/// <summary>How this process signs in to the storage account. Error messages depend on it.</summary>
internal enum AzureSignIn
{
    /// <summary>An Entra ID identity, which needs roles.</summary>
    Identity,

    /// <summary>The account key in a connection string.</summary>
    Key,

    /// <summary>A shared access signature in a connection string.</summary>
    Signature,
}

/// <summary>The access that this process has to a resource of the account.</summary>
/// <param name="SignIn">How this process signs in.</param>
/// <param name="Role">The role an identity needs for the resource.</param>
/// <param name="Until">When the shared access signature expires; null if unknown.</param>
internal sealed record AzureAccess(AzureSignIn SignIn, string Role, DateTimeOffset? Until = null)
{
    private const string Setting = "AzureWebJobsStorage";

    /// <summary>Reads the access from a connection string. Without one, an identity signs in.</summary>
    public static AzureAccess Of(string? connectionString, string role)
    {
        if (connectionString is null)
            return new(AzureSignIn.Identity, role);
        var parts = connectionString.Split(';', StringSplitOptions.TrimEntries);
        const string Name = "SharedAccessSignature=";
        if (parts.FirstOrDefault(p => p.StartsWith(Name, StringComparison.OrdinalIgnoreCase)) is not { } signature)
            return new(AzureSignIn.Key, role);
        var end = signature[Name.Length..].TrimStart('?').Split('&').FirstOrDefault(
            p => p.StartsWith("se=", StringComparison.Ordinal));
        return new(AzureSignIn.Signature, role, end is null ? null : ReadTime(Uri.UnescapeDataString(end[3..])));
    }

    /// <summary>Returns what to do when the account refuses access.</summary>
    /// <param name="code">The service's error code.</param>
    /// <param name="serverTime">The service's time when it refused access.</param>
    public string Advice(string? code, DateTimeOffset? serverTime) => (code, SignIn) switch
    {
        ("KeyBasedAuthenticationNotPermitted", _) =>
            $"The account refuses keys. Set {Setting}__accountName instead of a connection string, and "
                + "sign in with an identity.",
        ("AccountIsDisabled", _) => "The account is disabled. Check its subscription.",
        ("IpAuthorizationError" or "PublicAccessNotPermitted", not AzureSignIn.Identity) =>
            "The account's firewall or network rules block this host. Allow the host's network on the account.",
        (_, AzureSignIn.Signature) when serverTime > Until => string.Create(
            CultureInfo.InvariantCulture,
            $"The shared access signature in {Setting} expired on {Until:yyyy-MM-dd HH:mm} UTC. Create a "
                + $"new one and set {Setting}."),
        ("AuthorizationPermissionMismatch" or "AuthorizationServiceMismatch" or "AuthorizationResourceTypeMismatch",
            AzureSignIn.Signature) =>
            $"The shared access signature in {Setting} does not allow this. Create one for blobs, queues and tables, "
            + "for services, containers and objects, with all permissions.",
        (_, AzureSignIn.Signature) =>
            $"The account rejects the shared access signature in {Setting}: its key was rotated, it was altered, or it "
            + "does not allow this host's address or time. Create a new one.",
        ("AuthorizationFailure", AzureSignIn.Key) =>
            $"The account rejects the key in {Setting}, or its network rules block this host. "
            + "Copy the connection string from the account's access keys, and allow the host's network.",
        (_, AzureSignIn.Key) =>
            $"The account rejects the key in {Setting} (it may have been rotated), or this machine's clock is wrong. "
            + "Copy the connection string from the account's access keys.",
        ("AuthenticationFailed" or "NoAuthenticationInformation" or "InvalidAuthenticationInfo" or "AuthInvalidKey",
            _) =>
            $"The account rejects the credentials. Check {Setting}__accountName, the identity's "
                + "tenant and this machine's "
            + "clock.",
        ("AuthorizationFailure" or "IpAuthorizationError" or "PublicAccessNotPermitted", _) =>
            $"The account's firewall or network rules block this host, or its identity lacks the role '{Role}'. "
            + "Allow the host's network on the account, and grant the role.",
        _ =>
            $"Grant the role '{Role}' on the storage account to this host's identity. A new grant takes effect after a "
            + "few minutes.",
    };

    private static DateTimeOffset? ReadTime(string text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time
            : null;
}

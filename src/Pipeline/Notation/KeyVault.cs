namespace Pipeline.Notation;

/// <summary>Key Vault references, which Azure replaces with the secret before an app reads its settings.</summary>
internal static class KeyVault
{
    private const string Reference = "@Microsoft.KeyVault(";

    /// <summary>Returns the error for a value that is still a reference; null for any other value.</summary>
    public static string? Unresolved(string name, string value) =>
        !value.StartsWith(Reference, StringComparison.OrdinalIgnoreCase) ? null
        : $"{name} is a Key Vault reference that Azure has not resolved. Grant the app's "
            + "identity Key Vault Secrets User.";
}

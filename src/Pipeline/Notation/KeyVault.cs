namespace Pipeline.Notation;

/// <summary>References to Key Vault, which Azure replaces by the secret before an app reads its settings.</summary>
internal static class KeyVault
{
    private const string Reference = "@Microsoft.KeyVault(";

    /// <summary>What to say of a value that is still a reference; null for any other.</summary>
    public static string? Unresolved(string name, string value) =>
        !value.StartsWith(Reference, StringComparison.OrdinalIgnoreCase) ? null
        : $"{name} is a Key Vault reference that Azure has not resolved. Grant the app's identity Key Vault Secrets User.";
}

namespace Pipeline.Stores.Azure;

/// <summary>Names the account of a connection string for people. Keys and signatures are never in the name.</summary>
internal static class ConnectionName
{
    // https://learn.microsoft.com/azure/storage/common/storage-use-azurite
    private const string EmulatedAccount = "devstoreaccount1";

    /// <summary>The account's name, or the host of its address where the string names only that.</summary>
    public static string Of(string connectionString)
    {
        var parts = connectionString.Split(';', StringSplitOptions.TrimEntries);
        if (Value("UseDevelopmentStorage") is not null)
            return "the storage emulator of this machine (UseDevelopmentStorage)";
        var address = Address("BlobEndpoint") ?? Address("QueueEndpoint") ?? Address("TableEndpoint");
        return Value("AccountName") switch
        {
            EmulatedAccount => $"the storage emulator{(address is null ? "" : $" at {address.Authority}")}",
            { } name when IsName(name) => $"the storage account {name}",
            _ => address is null ? "a storage account by connection string" : $"the storage account {address.Host}",
        };

        string? Value(string key) => parts.FirstOrDefault(part => IsOf(part, key)) is { } part
            ? part[(key.Length + 1)..].Trim() is { Length: > 0 } value ? value : null
            : null;

        Uri? Address(string key) =>
            Uri.TryCreate(Value(key), UriKind.Absolute, out var uri) && uri.Host.Length > 0 ? uri : null;
    }

    // A user who mixes up two fields must not see a key.
    private static bool IsName(string text) =>
        text.Length <= 24 && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c));

    private static bool IsOf(string part, string key) =>
        part.StartsWith(key + "=", StringComparison.OrdinalIgnoreCase);
}

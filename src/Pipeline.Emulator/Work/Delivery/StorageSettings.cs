namespace Pipeline.Emulator.Work.Delivery;

/// <summary>Which kinds of storage are in a cloud, and at which endpoint. See <see cref="StorageMode"/>.</summary>
internal sealed record StorageSettings(bool S3Outside, string? S3Endpoint, bool GcsOutside, string? GcsEndpoint)
{
    /// <summary>Reads the clouds' own environment variables.</summary>
    public static StorageSettings From(StorageMode mode, Func<string, string?> variable)
    {
        string? Get(string name) => variable(name) is { Length: > 0 } value ? value : null;
        bool IsOutside(params ReadOnlySpan<string> names)
        {
            if (mode != StorageMode.Auto)
                return mode == StorageMode.Outside;
            foreach (var name in names)
            {
                if (Get(name) is not null)
                    return true;
            }
            return false;
        }
        return new(
            IsOutside("AWS_ENDPOINT_URL_S3", "AWS_ACCESS_KEY_ID", "AWS_PROFILE"), Get("AWS_ENDPOINT_URL_S3"),
            IsOutside("STORAGE_EMULATOR_HOST", "GOOGLE_APPLICATION_CREDENTIALS"), Get("STORAGE_EMULATOR_HOST"));
    }
}

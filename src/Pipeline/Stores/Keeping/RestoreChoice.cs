namespace Pipeline.Stores.Keeping;

/// <summary>What a user allows a restore to do.</summary>
/// <param name="Replace">Replace an existing state or ledger.</param>
/// <param name="Force">Replace it even if something just wrote to the account. A folder has a lock instead.</param>
internal readonly record struct RestoreChoice(bool Replace = false, bool Force = false);

namespace Pipeline.Stores.Keeping;

/// <summary>What a user allows a restore to do.</summary>
/// <param name="Replace">Replace the state or ledger that is there.</param>
/// <param name="Force">Do so although something wrote to the account a moment ago; a folder has a lock instead.</param>
internal readonly record struct RestoreChoice(bool Replace = false, bool Force = false);

namespace Pipeline.Dashboard.Access;

/// <summary>What a caller may do.</summary>
internal enum AccessDecision
{
    /// <summary>Read, and act unless pages are read-only.</summary>
    Granted,

    /// <summary>Nothing until the key is given.</summary>
    KeyNeeded,

    /// <summary>Nothing: there is no key, and the caller is not on this machine.</summary>
    OnlyThisMachine,
}

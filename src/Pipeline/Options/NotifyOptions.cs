using System.ComponentModel;

namespace Pipeline.Options;

/// <summary>Settings of notifications: a signed POST when a list closes.</summary>
public sealed class NotifyOptions : ISettings
{
    /// <summary>
    /// The address that receives the POSTs: https, unless <see cref="AllowPrivate"/> is set. Its path and query may be
    /// secret, so only its host is logged. Null: nobody is notified.
    /// </summary>
    [PasswordPropertyText(true)]
    public string? Url { get; set; }

    /// <summary>
    /// Secrets that sign each POST, as in Standard Webhooks: base64 of at least 24 bytes, <c>whsec_</c> before it
    /// optional. During a rotation there are several, separated by spaces; each signs.
    /// </summary>
    [PasswordPropertyText(true)]
    public string? Secret { get; set; }

    /// <summary>Also notifies of each submission that closes.</summary>
    public bool Submissions { get; set; }

    /// <summary>
    /// Allows a receiver on this machine or in a private network, and plain http. Otherwise, such an address is refused
    /// when the connection is made, whatever its name resolves to.
    /// </summary>
    public bool AllowPrivate { get; set; }
}

using System.ComponentModel;

namespace Pipeline.Options;

/// <summary>Settings of the web pages and the HTTP API.</summary>
public sealed class DashboardOptions : ISettings
{
    /// <summary>Minimum length of a key. Nobody can guess 16 random characters.</summary>
    internal const int MinKeyLength = 16;

    /// <summary>
    /// The key that pages and API ask for. Empty: they answer only requests from this machine to one of its loopback
    /// names, and the Functions app serves no pages. Never logged.
    /// </summary>
    [PasswordPropertyText(true)]
    public string Key { get; set; } = "";

    /// <summary>Whether pages and API only show, and refuse to act.</summary>
    public bool ReadOnly { get; set; }
}

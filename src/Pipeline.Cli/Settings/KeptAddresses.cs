using Pipeline.Notation;
using Pipeline.Stores.Local;

namespace Pipeline.Cli.Settings;

/// <summary>
/// Addresses that a state remembers. A run that continues is called where the last one was, so that webhooks under way
/// still find it.
/// </summary>
internal static class KeptAddresses
{
    private const string CallbackPath = "Pipeline:Delivery:CallbackBase";

    /// <summary>Where webhooks were last listened for; null for a new state.</summary>
    public static Uri? Listen(RunSettings settings) => Address(ListenFile(settings));

    /// <summary>Whether another process that lives listens there.</summary>
    public static bool IsListening(RunSettings settings) =>
        Lines(ListenFile(settings)) is [_, var owner, ..]
        && owner != ProcessOwner.Current
        && !ProcessOwner.HasEnded(owner);

    /// <summary>
    /// What Nimble was last told to call, where the user named it; null once it is given again, or for none.
    /// </summary>
    public static Uri? CallbackBase(RunSettings settings) =>
        settings.Given.Find(CallbackPath) is null && !settings.IsEmbedded ? Address(CallbackFile(settings)) : null;

    /// <summary>Remembers where this process listens, and what the user told Nimble to call.</summary>
    public static void Keep(RunSettings settings, Uri listen)
    {
        File.WriteAllLines(ListenFile(settings), [listen.AbsoluteUri, ProcessOwner.Current]);
        if (settings.Given.Find(CallbackPath) is not null && settings.Bind().Delivery.CallbackBase is { } callback)
            File.WriteAllLines(CallbackFile(settings), [callback.AbsoluteUri]);
    }

    private static string ListenFile(RunSettings settings) => Path.Combine(settings.State, "listen");

    private static string CallbackFile(RunSettings settings) => Path.Combine(settings.State, "callback-base");

    private static string[] Lines(string path) => File.Exists(path) ? File.ReadAllLines(path) : [];

    private static Uri? Address(string path) => Lines(path) is [var first, ..] ? WebAddress.Parse(first) : null;
}

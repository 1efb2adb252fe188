namespace Pipeline.Cli.Run;

/// <summary>The notice wherever somebody could take the emulator's results for Nimble's.</summary>
internal static class EmulatorNotice
{
    public const string Text =
        "NIMBLE_API_KEY is not set, so an emulator on this machine fetches the pages instead of Nimble.";
}

using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;

namespace Pipeline.Emulator.Api.Tasks;

/// <summary>
/// Creates ids of batches and tasks. They are random because two emulators that write to one bucket must not use the
/// same ids.
/// </summary>
internal static class TaskIdForms
{
    private static readonly string[] Forms = ["dotted", "base64url", "number"];

    /// <summary>Creates an id.</summary>
    /// <param name="form">A word of the fault <c>task_ids</c>; null for a UUID.</param>
    /// <param name="draw">Selects the form if it is <c>mixed</c>.</param>
    public static string New(string? form = null, ulong draw = 0)
    {
        var bytes = RandomNumberGenerator.GetBytes(16);
        switch (form == "mixed" ? Forms[draw % (ulong)Forms.Length] : form)
        {
            case "dotted":
                return $"extract.{Convert.ToHexStringLower(bytes)}.t";
            case "base64url":
                return Base64Url.EncodeToString(bytes);
            case "number":
                return (BitConverter.ToUInt64(bytes) >> 1).ToString(CultureInfo.InvariantCulture);
        }

        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true).ToString();
    }
}

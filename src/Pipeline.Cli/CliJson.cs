using System.Text.Json.Serialization;

namespace Pipeline.Cli;

/// <summary>What <c>doctor --json</c> prints.</summary>
/// <param name="Checks">The answers, in the order in which they were asked.</param>
/// <param name="ExitCode">What the command ends with.</param>
internal sealed record DoctorReport(IReadOnlyList<CheckReport> Checks, int ExitCode);

/// <summary>One answer.</summary>
/// <param name="Name">What was asked: <c>settings</c>, <c>api</c>, <c>bucket</c>, <c>callback</c>, <c>azure</c>,
/// <c>proxy</c>.</param>
/// <param name="Ok">Whether it works.</param>
/// <param name="Message">In words.</param>
internal sealed record CheckReport(string Name, bool Ok, string Message);

/// <summary>What <c>submit --json</c> prints of each list.</summary>
/// <param name="ListId">Its id.</param>
/// <param name="Source">What it was read from.</param>
/// <param name="Inputs">Its inputs, bad lines and duplicates included.</param>
/// <param name="Bad">Its bad lines.</param>
internal sealed record SubmittedList(string ListId, string Source, long Inputs, long Bad);

/// <summary>What <c>export --json</c> prints.</summary>
/// <param name="Path">The file or folder.</param>
/// <param name="Records">Number of records.</param>
/// <param name="Failures">Number of failures.</param>
/// <param name="LeftOut">Number of texts that were too long.</param>
/// <param name="IncompleteLines">Number of lines left out because the file ends within them.</param>
internal sealed record ExportReport(string Path, long Records, long Failures, long LeftOut, int IncompleteLines);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(DoctorReport))]
[JsonSerializable(typeof(ExportReport))]
[JsonSerializable(typeof(SubmittedList[]))]
internal sealed partial class CliJson : JsonSerializerContext;

using System.Text;
using Microsoft.AspNetCore.Http;
using Pipeline.Intake.Sending;
using Pipeline.Model;
using Pipeline.Model.Series;

namespace Pipeline.Dashboard.Acting;

/// <summary>A list in a form: text in a field, or a file.</summary>
internal static class SentList
{
    /// <summary>Largest list that is taken, in bytes. Longer ones are put where a list may point to.</summary>
    public const long MaxBytes = 64 << 20;

    /// <summary>Reads it.</summary>
    /// <param name="form">The form.</param>
    public static OfferedList Read(IFormCollection form)
    {
        var text = form["text"].ToString();
        var series = new SeriesFields(Given(form["series"]));
        var label = new ListLabel(NameOf(form["name"]), UrlColumn: Given(form["url_column"]), Series: series);
        return form.Files["file"] is { Length: > 0 } file
            ? new(file.OpenReadStream, label with { Name = Path.GetFileName(file.FileName) })
            : new(() => new MemoryStream(Encoding.UTF8.GetBytes(text)), label);
    }

    /// <summary>A problem for people. Where it names an option of the command, here it names the field.</summary>
    public static string Describe(PipelineException problem) =>
        string.Join(" ", [problem.Summary, .. problem.Details])
            .Replace(": --url-column ", " in the field below: ", StringComparison.Ordinal);

    /// <summary>A field of a form; null if it is empty.</summary>
    public static string? Given(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();

    private static string NameOf(string? given) => Given(given) ?? "dashboard";
}

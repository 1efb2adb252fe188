using Pipeline.Model;

namespace Pipeline.Tests.Intake;

/// <summary>The files in <c>Cases</c>.</summary>
internal static class Cases
{
    public static string PathOf(string file) => Path.Combine(AppContext.BaseDirectory, "Intake", "Cases", file);

    public static byte[] Read(string file) => File.ReadAllBytes(PathOf(file));

    /// <summary>Handles a pointer to the file.</summary>
    public static Task<ListEntry> HandleFileAsync(this IntakeWorld world, string file)
    {
        world.Objects["s3://lists/in/" + file] = Read(file);
        return world.HandleAsync($$"""{"source":"s3://lists/in/{{file}}"}""");
    }
}

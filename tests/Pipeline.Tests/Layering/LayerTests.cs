using ArchUnitNET.Domain;
using ArchUnitNET.Loader;
using Pipeline.Model;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Layering;

/// <summary>The layers of docs/decisions.md: a namespace uses only those of the layers below its own.</summary>
public sealed class LayerTests
{
    /// <summary>Top first. Namespaces of one layer may use each other, but not in a cycle.</summary>
    private static readonly string[][] Layers =
    [
        ["Hosting", "Settings", "Reports"],
        ["Sweep", "Replay", "Steering"],
        ["Callback", "Collect", "Intake", "Scheduling"],
        ["Submit"],
        ["Submit.Evidence"],
        ["Collect.Normalize", "Collect.Json", "Intake.Reading"],
        ["Outcomes"],
        ["Stores", "Nimble", "Notify"],
        ["Http"],
        ["Ports"],
        ["Staging", "Decompression", "Urls", "Delivery"],
        ["Options"],
        ["Json"],
        ["Model"],
        ["Notation", "IO", "Concurrency", "Diagnostics"],
    ];

    private static readonly Architecture Compiled =
        new ArchLoader().LoadAssemblies(typeof(SubmissionEntry).Assembly).Build();

    private static readonly IReadOnlyList<Use> Uses =
    [
        .. Compiled.Types
            .SelectMany(type => type.Dependencies
                .Where(d => d.Target is not GenericParameter)
                .Select(d => new Use(type, d.Target)))
            .Where(use => use is { User: not "", Used: not "" } && use.User != use.Used)
            .Distinct(),
    ];

    [Fact]
    public void EveryNamespaceHasItsLayer() =>
        Assert.DoesNotContain(Compiled.Types.Select(Use.NameOf), name => name is not "" && LayerOf(name) < 0);

    [Fact]
    public void ANamespaceUsesOnlyLayersBelowItsOwn()
    {
        Assert.True(Uses.Count > 500, $"Only {Uses.Count} uses were found: the test looks in the wrong place.");
        var upward = Uses.Where(use => LayerOf(use.Used) < LayerOf(use.User)).ToList();
        Assert.True(upward.Count == 0, string.Join('\n', upward));
    }

    /// <summary>Comments count too: a comment may refer only to what its layer may use.</summary>
    [Fact]
    public void NoFileImportsALayerAboveItsOwn()
    {
        var folder = Path.Combine(Repository.Root, "src", "Pipeline");
        var imports =
            from file in Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
            where !Path.GetRelativePath(folder, file).StartsWith("obj", StringComparison.Ordinal)
            let user = Path.GetRelativePath(folder, Path.GetDirectoryName(file)!).Replace('/', '.')
            from line in File.ReadLines(file)
            where line.StartsWith("using Pipeline.", StringComparison.Ordinal)
            select (File: Path.GetFileName(file), User: user, Used: line["using Pipeline.".Length..].TrimEnd(';'));
        Assert.DoesNotContain(imports, import => LayerOf(import.Used) < LayerOf(import.User));
    }

    [Fact]
    public void NamespacesOfOneLayerDoNotUseEachOtherInACircle()
    {
        var edges = Uses
            .Where(use => LayerOf(use.User) == LayerOf(use.Used))
            .Select(use => (From: RootOf(use.User), To: RootOf(use.Used)))
            .Where(edge => edge.From != edge.To)
            .ToHashSet();
        Assert.DoesNotContain(edges, edge => edges.Contains((edge.To, edge.From)));
    }

    [Fact]
    public void ThePageOfDecisionsShowsTheLayers()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "decisions.md"));
        Assert.All(Layers, layer => Assert.Contains(string.Join(", ", layer), page, StringComparison.Ordinal));
    }

    [Fact]
    public void NoFolderHasMoreFilesThanAReaderCanHoldInMind() =>
        Assert.DoesNotContain(
            Directory.EnumerateDirectories(Path.Combine(Repository.Root, "src"), "*", SearchOption.AllDirectories)
                .Where(folder => !folder.Split('/').Any(part => part is "obj" or "bin"))
                .Select(folder => (folder, Files: Directory.EnumerateFiles(folder, "*.cs").Count())),
            folder => folder.Files > 17);

    private static int LayerOf(string name) => Array.FindIndex(Layers, layer => layer.Contains(RootOf(name)));

    /// <summary>The entry of a layer that a namespace belongs to: itself, or the nearest one around it.</summary>
    private static string RootOf(string name)
    {
        var known = Layers.SelectMany(layer => layer).ToHashSet();
        for (var root = name; ; root = root[..root.LastIndexOf('.')])
            if (known.Contains(root) || !root.Contains('.', StringComparison.Ordinal))
                return root;
    }

    /// <summary>One type that uses another.</summary>
    private sealed record Use(string Type, string User, string Target, string Used)
    {
        public Use(IType type, IType target)
            : this(type.FullName, NameOf(type), target.FullName, NameOf(target)) { }

        /// <summary>A namespace without its first part; empty for what is not ours.</summary>
        public static string NameOf(IType type) =>
            type.Namespace?.FullName is { } name && name.StartsWith("Pipeline.", StringComparison.Ordinal)
                ? name[9..]
                : "";

        public override string ToString() => $"{Type} uses {Target}";
    }
}

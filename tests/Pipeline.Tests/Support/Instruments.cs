using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Pipeline.Diagnostics;

namespace Pipeline.Tests.Support;

/// <summary>What the code measures: the instruments of the meter, and the dimensions in their source.</summary>
internal static partial class Instruments
{
    public static IReadOnlyList<Instrument> All { get; } = ReadAll();

    public static IReadOnlySet<string> Dimensions { get; } = new[] { "PipelineMetrics", "StateMetrics" }
        .SelectMany(name => Quoted().Matches(Repository.Read($"src/Pipeline/Diagnostics/{name}.cs")))
        .Select(match => match.Groups[1].Value)
        .Where(name => name.Contains('.') && All.All(instrument => instrument.Name != name))
        .ToHashSet(StringComparer.Ordinal);

    private static List<Instrument> ReadAll()
    {
        RuntimeHelpers.RunClassConstructor(typeof(PipelineMetrics).TypeHandle);
        RuntimeHelpers.RunClassConstructor(typeof(StateMetrics).TypeHandle);
        var found = new List<Instrument>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Name == PipelineMetrics.MeterName)
                found.Add(instrument);
        };
        listener.Start();
        return found;
    }

    [GeneratedRegex("\"([a-z_.]+)\"")]
    private static partial Regex Quoted();
}

using System.CommandLine;

namespace Pipeline.Cli.Lists;

/// <summary>The argument LIST.</summary>
internal static class ListArgument
{
    public static Argument<string[]> Create(string description, ArgumentArity arity) =>
        new Argument<string[]>("LIST") { Description = description, Arity = arity }.RefusingOptions();
}

using Pipeline.Fuzz;
using SharpFuzz;

// docs/fuzzing.md says how to run it. Without a fuzzer it says whether each file is accepted. A broken promise ends it
// with an exception.
if (args is not [var name, _, ..] || !FuzzTargets.All.TryGetValue(name, out var check))
{
    Console.Error.WriteLine($"Usage: Pipeline.Fuzz {string.Join('|', FuzzTargets.All.Keys)} afl | libfuzzer | FILE...");
    return 2;
}

switch (args[1..])
{
    case ["afl"]:
        Fuzzer.OutOfProcess.Run(stream =>
        {
            var bytes = new MemoryStream();
            stream.CopyTo(bytes);
            check(bytes.ToArray());
        });
        return 0;
    case ["libfuzzer"]:
        Fuzzer.LibFuzzer.Run(bytes => check(bytes.ToArray()));
        return 0;
    default:
        foreach (var file in args[1..])
            Console.WriteLine($"{file}: {check(File.ReadAllBytes(file)) ?? "accepted"}");
        return 0;
}

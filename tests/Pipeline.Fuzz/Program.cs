using Pipeline.Fuzz;
using SharpFuzz;

// docs/fuzzing.md says how to run it. Without a fuzzer it says of each file what became of it; what must not happen ends it with an exception.
switch (args)
{
    case ["afl"]:
        Fuzzer.OutOfProcess.Run(stream =>
        {
            var stored = new MemoryStream();
            stream.CopyTo(stored);
            NormalizerTarget.Check(stored.ToArray());
        });
        return 0;
    case ["libfuzzer"]:
        Fuzzer.LibFuzzer.Run(stored => NormalizerTarget.Check(stored.ToArray()));
        return 0;
    case []:
        Console.Error.WriteLine("Usage: Pipeline.Fuzz afl | libfuzzer | FILE...");
        return 2;
    default:
        foreach (var file in args)
            Console.WriteLine($"{file}: {NormalizerTarget.Check(File.ReadAllBytes(file)) ?? "accepted"}");
        return 0;
}

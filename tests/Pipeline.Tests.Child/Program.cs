using System.Globalization;
using Pipeline.Tests.Child;

// A worker process for tests to kill. It runs until every input of its list has an outcome.
// Arguments: folder, number of inputs, lease in milliseconds.
await using var worker = await Worker.OpenAsync(
    args[0], int.Parse(args[1], CultureInfo.InvariantCulture),
    TimeSpan.FromMilliseconds(int.Parse(args[2], CultureInfo.InvariantCulture)));
Console.WriteLine("working");
await worker.RunAsync();
return 0;

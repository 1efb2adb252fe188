using Pipeline.Tests.Support;

namespace Pipeline.Functions.Tests;

public sealed class FunctionTests() : FunctionSuite(null);

[Trait("Needs", "servers")]
public sealed class FunctionOverAzureTests(Servers servers) : FunctionSuite(servers);

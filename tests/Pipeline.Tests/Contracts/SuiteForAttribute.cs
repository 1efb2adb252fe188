namespace Pipeline.Tests.Contracts;

/// <summary>
/// Names the implementation that a suite tests. The suite checks the name, and
/// <see cref="EveryImplementationHasItsSuite"/> checks that every implementation has a suite.
/// </summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class SuiteForAttribute(Type implementation) : Attribute
{
    public Type Implementation => implementation;
}

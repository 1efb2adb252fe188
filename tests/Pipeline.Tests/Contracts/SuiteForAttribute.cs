namespace Pipeline.Tests.Contracts;

/// <summary>Says which implementation a suite tests; the suite checks that it does, and <see cref="EveryImplementationHasItsSuite"/> that none is forgotten.</summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class SuiteForAttribute(Type implementation) : Attribute
{
    public Type Implementation => implementation;
}

using System.Reflection;

namespace Pipeline.Tests.Support;

/// <summary>A port before each of whose calls something else happens.</summary>
public class InterceptedPort : DispatchProxy
{
    private object _port = null!;
    private Action<string, object?[]> _before = null!;

    /// <summary>Puts itself before a port.</summary>
    /// <param name="port">The port.</param>
    /// <param name="before">Is told the method's name; what it throws takes the call's place.</param>
    public static T Before<T>(T port, Action<string> before)
        where T : class => Before(port, (method, _) => before(method));

    /// <summary>Puts itself before a port.</summary>
    /// <param name="port">The port.</param>
    /// <param name="before">Is told the method's name and arguments; what it throws takes the call's place.</param>
    public static T Before<T>(T port, Action<string, object?[]> before)
        where T : class
    {
        var proxy = Create<T, InterceptedPort>();
        var intercepted = (InterceptedPort)(object)proxy;
        (intercepted._port, intercepted._before) = (port, before);
        return proxy;
    }

    /// <inheritdoc/>
    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        _before(targetMethod!.Name, args ?? []);
        return targetMethod.Invoke(_port, args);
    }
}

/// <summary>The worker does nothing more.</summary>
public sealed class WorkerKilledException : Exception;

using System.Reflection;

namespace Pipeline.Tests.Support;

/// <summary>Wraps a port and runs code before each of its calls.</summary>
public class InterceptedPort : DispatchProxy
{
    private object _port = null!;
    private Action<string, object?[]> _before = null!;

    /// <summary>Wraps a port.</summary>
    /// <param name="port">The port.</param>
    /// <param name="before">Gets the method's name. If it throws, the call is not made.</param>
    public static T Before<T>(T port, Action<string> before)
        where T : class => Before(port, (method, _) => before(method));

    /// <summary>Wraps a port.</summary>
    /// <param name="port">The port.</param>
    /// <param name="before">Gets the method's name and arguments. If it throws, the call is not made.</param>
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

/// <summary>Thrown to simulate a worker that was killed.</summary>
public sealed class WorkerKilledException : Exception;

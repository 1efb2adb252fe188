using System.Reflection;

namespace Pipeline.Tests.Support;

/// <summary>Wraps a port and runs code before each of its calls.</summary>
public class InterceptedPort : DispatchProxy
{
    private object _port = null!;
    private Func<string, object?[], Task?> _before = null!;

    /// <summary>Wraps a port.</summary>
    /// <param name="port">The port.</param>
    /// <param name="before">Gets the method's name. If it throws, the call is not made.</param>
    public static T Before<T>(T port, Action<string> before)
        where T : class => Before(port, (method, _) => before(method));

    /// <summary>Wraps a port.</summary>
    /// <param name="port">The port.</param>
    /// <param name="before">Gets the method's name and arguments. If it throws, the call is not made.</param>
    public static T Before<T>(T port, Action<string, object?[]> before)
        where T : class => BeforeAsync(port, (method, args) =>
        {
            before(method, args);
            return null;
        });

    /// <summary>Wraps a port and delays some of its calls.</summary>
    /// <param name="port">The port.</param>
    /// <param name="before">Gets the method's name and arguments. Returns null for a call that is not delayed.</param>
    public static T BeforeAsync<T>(T port, Func<string, object?[], Task?> before)
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
        if (_before(targetMethod!.Name, args ?? []) is not { } wait)
            return targetMethod.Invoke(_port, args);
        Func<object> call = () => targetMethod.Invoke(_port, args)!;
        return targetMethod.ReturnType == typeof(Task)
            ? CallAsync(wait, call)
            : GetType().GetMethod(nameof(CallForAsync), BindingFlags.NonPublic | BindingFlags.Static
                    | BindingFlags.FlattenHierarchy)!
                .MakeGenericMethod(targetMethod.ReturnType.GetGenericArguments()).Invoke(null, [wait, call]);
    }

    protected static async Task<TResult> CallForAsync<TResult>(Task wait, Func<object> call)
    {
        await wait;
        return await (Task<TResult>)call();
    }

    private static async Task CallAsync(Task wait, Func<object> call)
    {
        await wait;
        await (Task)call();
    }
}

/// <summary>Thrown to simulate a worker that was killed.</summary>
public sealed class WorkerKilledException : Exception;

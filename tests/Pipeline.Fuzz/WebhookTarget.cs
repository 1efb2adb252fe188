using Pipeline.Callback;
using Pipeline.Model;

namespace Pipeline.Fuzz;

/// <summary>What must hold for any body that anybody on the internet sends to a callback address.</summary>
public static class WebhookTarget
{
    /// <summary>Returns null for a webhook, else the reason why the body is not one.</summary>
    /// <exception cref="InvalidOperationException">A promise is broken. Any other exception is a bug too.</exception>
    public static string? Check(byte[] body)
    {
        ArgumentNullException.ThrowIfNull(body);
        if (CallbackBody.ReadTaskIds(body) is not { } ids)
            return "not a webhook";
        if (ids.Any(id => !TaskIds.IsWellFormed(id)))
            throw new InvalidOperationException("An invalid task id was passed on.");
        if (ids.Count != ids.Distinct(StringComparer.Ordinal).Count())
            throw new InvalidOperationException("A task id was handed on twice.");
        return null;
    }
}

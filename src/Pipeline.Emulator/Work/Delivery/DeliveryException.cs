namespace Pipeline.Emulator.Work.Delivery;

/// <summary>An object could not be delivered. The message becomes the task's <c>error</c>.</summary>
internal sealed class DeliveryException(string message, Exception inner) : Exception(message, inner);

using Pipeline.Emulator.Store;

namespace Pipeline.Emulator.Api;

/// <summary>A valid POST.</summary>
/// <param name="IsBatch">Whether it came to <c>extract/batch</c>.</param>
/// <param name="Delivery">Where results go.</param>
/// <param name="Inputs">The effective extraction fields of each task: JSON objects.</param>
internal sealed record Submission(bool IsBatch, DeliveryRequest Delivery, IReadOnlyList<string> Inputs);

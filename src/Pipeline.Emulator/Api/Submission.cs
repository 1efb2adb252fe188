using Pipeline.Emulator.Store;

namespace Pipeline.Emulator.Api;

/// <summary>A valid POST.</summary>
/// <param name="IsBatch">Whether it was sent to <c>extract/batch</c>.</param>
/// <param name="Delivery">Where results are delivered.</param>
/// <param name="Inputs">The effective extraction fields of each task, as JSON objects.</param>
internal sealed record Submission(bool IsBatch, DeliveryRequest Delivery, IReadOnlyList<string> Inputs);

using Microsoft.Extensions.Options;
using Pipeline.Delivery;
using Pipeline.Model;
using Pipeline.Options;

namespace Pipeline.Submit.Evidence;

/// <summary>Adds to a submission where a POST of it tells Nimble to deliver.</summary>
internal sealed class SubmissionDelivery(CallbackTokens tokens, IOptions<PipelineOptions> options)
{
    /// <summary>The callback URL; null if there is none.</summary>
    public Uri? CallbackUrlOf(SubmissionEntry submission) => tokens.UrlFor(submission.SubmissionId);

    /// <summary>Returns the submission with prefix, compression and callback.</summary>
    public SubmissionEntry AddTo(SubmissionEntry submission)
    {
        var delivery = options.Value.Delivery;
        return submission with
        {
            StorageUrl = delivery.StorageUrl is { } storage
                ? DeliveryPrefix.Of(storage, submission, tokens.PrefixSecretFor(submission.SubmissionId))
                : null,
            Compressed = delivery.Compress,
            HasCallback = delivery.CallbackBase is not null,
        };
    }
}

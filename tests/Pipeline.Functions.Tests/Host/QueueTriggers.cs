using System.Reflection;
using Microsoft.Azure.WebJobs;
using Pipeline.Model;

namespace Pipeline.Functions.Tests.Host;

/// <summary>
/// What the host's queue extension calls: one method for each function of the app with a queue trigger, under the
/// function's name. For the parameter's type the extension creates what an isolated worker receives.
/// </summary>
internal sealed class QueueTriggers(FunctionsHost host)
{
    private const string Poison = QueueNames.PoisonSuffix;

    /// <summary>The queue of each function.</summary>
    public static IReadOnlyDictionary<string, string> Queues { get; } =
        typeof(QueueTriggers).GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
            .ToDictionary(
                method => method.Name,
                method => method.GetParameters()[0].GetCustomAttribute<QueueTriggerAttribute>()!.QueueName);

    public Task Intake([QueueTrigger(QueueNames.UrlLists)] ParameterBindingData message, CancellationToken stopping) =>
        host.DeliverAsync(nameof(Intake), message, stopping);

    public Task Submit(
        [QueueTrigger(QueueNames.Submissions)] ParameterBindingData message, CancellationToken stopping) =>
        host.DeliverAsync(nameof(Submit), message, stopping);

    public Task Collect([QueueTrigger(QueueNames.Results)] ParameterBindingData message, CancellationToken stopping) =>
        host.DeliverAsync(nameof(Collect), message, stopping);

    public Task Notify(
        [QueueTrigger(QueueNames.Notifications)] ParameterBindingData message, CancellationToken stopping) =>
        host.DeliverAsync(nameof(Notify), message, stopping);

    public Task Export([QueueTrigger(QueueNames.Exports)] ParameterBindingData message, CancellationToken stopping) =>
        host.DeliverAsync(nameof(Export), message, stopping);

    public Task DeadLetterUrlLists(
        [QueueTrigger(QueueNames.UrlLists + Poison)] ParameterBindingData message, CancellationToken stopping) =>
        host.DeliverAsync(nameof(DeadLetterUrlLists), message, stopping);

    public Task DeadLetterSubmissions(
        [QueueTrigger(QueueNames.Submissions + Poison)] ParameterBindingData message, CancellationToken stopping) =>
        host.DeliverAsync(nameof(DeadLetterSubmissions), message, stopping);

    public Task DeadLetterResults(
        [QueueTrigger(QueueNames.Results + Poison)] ParameterBindingData message, CancellationToken stopping) =>
        host.DeliverAsync(nameof(DeadLetterResults), message, stopping);

    public Task DeadLetterExports(
        [QueueTrigger(QueueNames.Exports + Poison)] ParameterBindingData message, CancellationToken stopping) =>
        host.DeliverAsync(nameof(DeadLetterExports), message, stopping);
}

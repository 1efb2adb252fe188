using System.Reflection;
using Microsoft.Azure.WebJobs;
using Pipeline.Model;
using Pipeline.Stores.Azure;

namespace Pipeline.Functions.Tests.Host;

/// <summary>
/// What the host's queue extension calls: one method for each function of the app with a queue trigger, under the
/// function's name. For the parameter's type the extension creates what an isolated worker receives.
/// </summary>
internal sealed class QueueTriggers(FunctionsHost host)
{
    /// <summary>The setting that names the storage account.</summary>
    internal const string Account = AzureStorageOptions.Connection;

    private const string Poison = QueueNames.PoisonSuffix;

    /// <summary>The trigger of each function.</summary>
    public static IReadOnlyDictionary<string, QueueTriggerAttribute> All { get; } =
        typeof(QueueTriggers).GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
            .ToDictionary(
                method => method.Name,
                method => method.GetParameters()[0].GetCustomAttribute<QueueTriggerAttribute>()!);

    public Task Intake(
        [QueueTrigger(QueueNames.UrlLists, Connection = Account)] ParameterBindingData message,
        CancellationToken stopping) =>
        host.DeliverAsync(nameof(Intake), message, stopping);

    public Task Submit(
        [QueueTrigger(QueueNames.Submissions, Connection = Account)] ParameterBindingData message,
        CancellationToken stopping) =>
        host.DeliverAsync(nameof(Submit), message, stopping);

    public Task Collect(
        [QueueTrigger(QueueNames.Results, Connection = Account)] ParameterBindingData message,
        CancellationToken stopping) =>
        host.DeliverAsync(nameof(Collect), message, stopping);

    public Task Notify(
        [QueueTrigger(QueueNames.Notifications, Connection = Account)] ParameterBindingData message,
        CancellationToken stopping) =>
        host.DeliverAsync(nameof(Notify), message, stopping);

    public Task Export(
        [QueueTrigger(QueueNames.Exports, Connection = Account)] ParameterBindingData message,
        CancellationToken stopping) =>
        host.DeliverAsync(nameof(Export), message, stopping);

    public Task DeadLetterUrlLists(
        [QueueTrigger(QueueNames.UrlLists + Poison, Connection = Account)] ParameterBindingData message,
        CancellationToken stopping) =>
        host.DeliverAsync(nameof(DeadLetterUrlLists), message, stopping);

    public Task DeadLetterSubmissions(
        [QueueTrigger(QueueNames.Submissions + Poison, Connection = Account)] ParameterBindingData message,
        CancellationToken stopping) =>
        host.DeliverAsync(nameof(DeadLetterSubmissions), message, stopping);

    public Task DeadLetterResults(
        [QueueTrigger(QueueNames.Results + Poison, Connection = Account)] ParameterBindingData message,
        CancellationToken stopping) =>
        host.DeliverAsync(nameof(DeadLetterResults), message, stopping);

    public Task DeadLetterExports(
        [QueueTrigger(QueueNames.Exports + Poison, Connection = Account)] ParameterBindingData message,
        CancellationToken stopping) =>
        host.DeliverAsync(nameof(DeadLetterExports), message, stopping);
}

using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Pipeline.Callback;
using Pipeline.Collect;
using Pipeline.Collect.Normalize;
using Pipeline.Delivery;
using Pipeline.Http;
using Pipeline.IO;
using Pipeline.Intake;
using Pipeline.Intake.Sending;
using Pipeline.Model;
using Pipeline.Nimble;
using Pipeline.Notify;
using Pipeline.Options;
using Pipeline.Outcomes;
using Pipeline.Ports;
using Pipeline.Ports.Ledgers;
using Pipeline.Ports.Reading;
using Pipeline.Replay;
using Pipeline.Reports;
using Pipeline.Reports.History;
using Pipeline.Reports.Notices;
using Pipeline.Scheduling;
using Pipeline.Settings;
using Pipeline.Steering;
using Pipeline.Stores;
using Pipeline.Stores.Azure;
using Pipeline.Stores.Azure.Catalog;
using Pipeline.Stores.Azure.Erasing;
using Pipeline.Stores.Azure.Keeping;
using Pipeline.Stores.Azure.Ledger;
using Pipeline.Stores.Azure.Queues;
using Pipeline.Stores.Azure.Records;
using Pipeline.Stores.Gcs;
using Pipeline.Stores.Keeping;
using Pipeline.Stores.Local;
using Pipeline.Stores.Local.Erasing;
using Pipeline.Stores.Local.Keeping;
using Pipeline.Stores.Local.Ledger;
using Pipeline.Stores.Local.Objects;
using Pipeline.Stores.Local.Queues;
using Pipeline.Stores.Local.Records;
using Pipeline.Stores.S3;
using Pipeline.Submit;
using Pipeline.Submit.Evidence;
using Pipeline.Sweep;
using Pipeline.Sweep.Accepted;
using Pipeline.Sweep.Lists;

namespace Pipeline.Hosting;

/// <summary>Registers the stages and the ports that they use.</summary>
public static class PipelineServices
{
    /// <summary>Adds the stages and their shared services. The host adds the ports.</summary>
    public static IServiceCollection AddPipeline(this IServiceCollection services, Action<PipelineOptions> configure)
    {
        LoopbackProxy.Install();
        services.AddOptions<PipelineOptions>().Configure(configure).ValidateOnStart();
        services.AddSingleton<IValidateOptions<PipelineOptions>, PipelineOptionsValidator>();
        services.TryAddSingleton(TimeProvider.System);

        services.AddSingleton(s => ActivatorUtilities.CreateInstance<NimbleClient>(s, NimbleHttp.CreateClient()));
        services.AddSingleton(s => new ObjectStores(s.GetServices<IObjectStore>()));
        services.AddSingleton(
            s => new ResultNormalizer(s.GetRequiredService<IOptions<PipelineOptions>>().Value.Collect));
        services.AddSingleton(s => new StoreHealth(s.GetRequiredService<TimeProvider>()));
        services.AddSingleton<IStoreProblem>(s => s.GetRequiredService<StoreHealth>());
        services.AddSingleton<CallbackTokens>();
        services.AddSingleton(_ => new CallbackLimits());
        services.AddSingleton<CallbackBodyReader>();
        services.AddSingleton<SubmissionGate>();
        services.AddSingleton<Reopening>();
        services.AddSingleton<Resubmission>();
        services.AddSingleton<InputRetries>();
        services.AddSingleton<Refusals>();
        services.AddSingleton<SubmissionHolds>();
        services.AddSingleton<PlannedSubmissions>();
        services.AddSingleton<CanaryGuard>();
        services.AddSingleton<BudgetGuard>();
        services.AddSingleton<SubmitGuards>();
        services.AddSingleton<HeldSubmissions>();
        services.AddSingleton<SubmissionDelivery>();
        services.TryAddSingleton<RecentRestore>();
        services.AddSingleton<RestoredLedger>();
        services.AddSingleton<SteeringGuard>();
        services.AddSingleton<SubmissionTurns>();
        services.AddSingleton<UnacceptedPosts>();
        services.AddSingleton<PostAnswers>();
        services.AddSingleton<SubmissionPoster>();
        services.AddSingleton<ResultSetbacks>();
        services.AddSingleton<Publisher>();
        services.AddSingleton<IRecordAnnouncer, WebhookAnnouncer>();
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<Receiver>(
            s, ReceiverHttp.CreateClient(
                s.GetRequiredService<IOptions<PipelineOptions>>().Value.Notify.AllowPrivate,
                Dns.GetHostAddressesAsync)));
        services.AddSingleton<NotifyStage>();
        services.AddSingleton<UndeliveredNotifications>();
        services.AddSingleton<FinishedSubmissions>();
        services.AddSingleton<OutcomeRecorder>();
        services.AddSingleton<LateWrites>();
        services.AddSingleton<LateMessages>();
        services.AddSingleton<ResultReader>();
        services.AddSingleton<TaskMatcherCache>();
        services.AddSingleton<TaskEvidence>();
        services.AddSingleton<TaskFailures>();
        services.AddSingleton<RefusedReads>();
        services.AddSingleton<PageStatusCounter>();
        services.AddSingleton<InputFinder>();
        services.AddSingleton<Postponement>();
        services.AddSingleton<ResultRecorder>();
        services.AddSingleton<MissingResults>();
        services.AddSingleton<KnownResults>();
        services.AddSingleton<UnnamedResults>();
        services.AddSingleton<TaskCollector>();
        services.AddSingleton<MessageCollector>();
        services.AddSingleton<DeliveredResults>();
        services.AddSingleton<BatchReader>();
        services.AddSingleton<ApiLists>();
        services.AddSingleton<OwnAddresses>();
        services.AddSingleton<LostPosts>();
        services.AddSingleton<LostListSearch>();
        services.AddSingleton<EarlierPosts>();
        services.AddSingleton<PartInputs>();
        services.AddSingleton<EarlierParts>();
        services.AddSingleton<RepeatChain>();
        services.AddSingleton<UnnamedTasks>();
        services.AddSingleton<FinishedTasks>();
        services.AddSingleton<OtherTasks>();
        services.AddSingleton<BatchAdoption>();
        services.AddSingleton<SubmissionResolver>();
        services.AddSingleton<SweepPolicy>();
        services.AddSingleton<LeftOverInputs>();
        services.AddSingleton<FinalCheck>();
        services.AddSingleton<ExpiredSubmissions>();
        services.AddSingleton<SubmissionPoller>();
        services.AddSingleton<SubmissionCloser>();
        services.AddSingleton<AcceptedSubmissions>();
        services.AddSingleton<UnansweredSubmissions>();
        services.AddSingleton<SubmissionSteps>();
        services.AddSingleton<IsolatedSteps>();
        services.AddSingleton<CancelledLists>();
        services.AddSingleton<ClosedSubmissions>();
        services.AddSingleton<ManifestWriter>();
        services.AddSingleton<RunningCloses>();
        services.AddSingleton<CompleteLists>();
        services.AddSingleton<ListCloser>();

        services.AddSingleton(
            s => ActivatorUtilities.CreateInstance<IntakeStage>(s, s.GetRequiredService<ObjectStores>()));
        services.AddSingleton<ListRegistration>();
        services.AddSingleton<RefusedListRecorder>();
        services.AddSingleton<PlanWriter>();
        services.AddSingleton<ListSender>();
        services.AddSingleton<ListRerun>();
        services.AddSingleton<SubmitStage>();
        services.AddSingleton<HintGatherer>();
        services.AddSingleton<CallbackStage>();
        services.AddSingleton<HintFilter>();
        services.AddSingleton<CollectStage>();
        services.AddSingleton<RunningLooks>();
        services.AddSingleton<SweepStage>();
        services.AddSingleton<Census>();
        services.AddSingleton<SweepRound>();
        services.AddSingleton<ScheduleRunner>();
        services.AddSingleton<ScheduleBook>();
        services.AddSingleton<ClosingStage>();
        services.AddSingleton<DeadLetterStage>();
        services.AddSingleton<StatusReporter>();
        services.AddSingleton<RestoreNotice>();
        services.AddSingleton<ProgressRates>();
        services.AddSingleton<ListProgressReader>();
        services.AddSingleton<OutcomeSampler>();
        services.AddSingleton<FinishedLists>();
        services.AddSingleton<ListDetails>();
        services.AddSingleton<RecordFactsReader>();
        services.AddSingleton<HistoryReader>();
        services.AddSingleton<MoneyReporter>();
        services.AddSingleton<ActivityReader>();
        services.AddSingleton<OverviewParts>();
        services.AddSingleton<UndeliveredNotice>();
        services.AddSingleton<Verdicts>();
        services.AddSingleton<InputPages>();
        services.AddSingleton<OverviewReporter>();
        services.AddSingleton<ReplayChoice>();
        services.AddSingleton<ResultRequeue>();
        services.AddSingleton<ReplayStage>();
        services.AddSingleton<ReprocessStage>();
        services.AddSingleton<ListControls>();
        services.AddSingleton<MessageOwner>();
        services.AddSingleton<ListErasure>();
        services.AddSingleton<ListReplays>();
        services.AddSingleton<ScheduleControls>();
        return services;
    }

    /// <summary>
    /// Runs the stages as a hosted service, over the ports that are registered, until the host stops. Webhooks need an
    /// endpoint of <c>pipeline serve</c> or of the Functions app; without one, results are polled.
    /// </summary>
    public static IServiceCollection AddPipelineWorker(this IServiceCollection services) =>
        services.AddHostedService<PipelineWorker>();

    /// <summary>Adds the ports for one machine: SQLite and files.</summary>
    internal static IServiceCollection AddLocalStores(
        this IServiceCollection services, LocalDatabase database, NdjsonRecordStore records) =>
        services.AddLocalStores(database, records.Folder)
            .AddSingleton<IRecordStore>(records)
            .AddSingleton(s => new StoreHealth(
                s.GetRequiredService<TimeProvider>(),
                () => DiskFaults.HasRoom(database.Path, DiskFaults.WorkingBytes)
                    && DiskFaults.HasRoom(records.Folder, DiskFaults.WorkingBytes)));

    /// <summary>
    /// Adds the ports for one machine without the record store, for commands that produce no records.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="database">The state.</param>
    /// <param name="output">The output folder, to read records from; null for the one that the state knows.</param>
    internal static IServiceCollection AddLocalStores(
        this IServiceCollection services, LocalDatabase database, string? output = null)
    {
        services.AddSingleton(database);
        services.AddSingleton(s => new LocalWorkQueue(database, s.GetRequiredService<TimeProvider>()));
        services.AddSingleton<LocalLedger>();
        services.AddSingleton<IWorkReceiver>(s => s.GetRequiredService<LocalWorkQueue>());
        services.AddSingleton<IWorkQueue>(s => s.GetRequiredService<LocalWorkQueue>());
        services.AddSingleton<ILedger>(s => s.GetRequiredService<LocalLedger>());
        services.AddSingleton<ILedgerCounts>(s => s.GetRequiredService<LocalLedger>());
        services.AddSingleton<IRequestPace, LocalRequestPace>();
        services.AddSingleton<IPauseLedger, LocalPauseLedger>();
        services.AddSingleton<IScheduleLedger, LocalScheduleLedger>();
        services.AddSingleton<IActionLedger, LocalActionLedger>();
        services.AddSingleton<IListOrigins, LocalListOrigins>();
        services.AddSingleton<IListEraser, LocalListEraser>();
        services.AddSingleton<IRestoreLedger, LocalRestoreLedger>();
        services.AddSingleton<IObjectStore, FileObjectStore>();
        services.AddSingleton<IInputIndex, LocalInputIndex>();
        services.AddSingleton<IRequestKeys, LocalRequestKeys>();
        services.AddSingleton<IRecordReader>(
            s => new LocalRecordReader(database, s.GetRequiredService<TimeProvider>(), output));
        services.AddSingleton<LocalListCatalog>();
        services.AddSingleton<IListCatalog>(s => s.GetRequiredService<LocalListCatalog>());
        services.AddSingleton<IEventLog>(s => s.GetRequiredService<LocalListCatalog>());
        services.AddSingleton<IManifestReader>(s => s.GetRequiredService<LocalListCatalog>());
        services.AddSingleton<IDeadLetters>(s => s.GetRequiredService<LocalWorkQueue>());
        return services;
    }

    /// <summary>
    /// Adds the ports over an Azure storage account. Queues, tables and containers are created on first use.
    /// </summary>
    /// <exception cref="PipelineException">
    /// Permanent: the options name no account, or the connection string is invalid.
    /// </exception>
    public static IServiceCollection AddAzureStores(this IServiceCollection services, AzureStorageOptions options)
    {
        services.AddSingleton(new AzureAccount(options));
        services.AddSingleton<ClaimChecks>();
        services.AddSingleton<StorageWorkQueue>();
        services.AddSingleton<StorageQueueReceiver>();
        services.AddSingleton<IWorkReceiver>(s => s.GetRequiredService<StorageQueueReceiver>());
        services.AddSingleton<AzureBlobStore>();
        services.AddSingleton<RecordParts>();
        services.AddSingleton<RangeCopy>();
        services.AddSingleton<SubmissionFiles>();
        services.AddSingleton<IWorkQueue>(s => s.GetRequiredService<StorageWorkQueue>());
        services.AddSingleton<ILedger, TableLedger>();
        services.AddSingleton<ILedgerCounts, SubmissionCounts>();
        services.AddSingleton<IRequestPace, TableRequestPace>();
        services.AddSingleton<IPauseLedger, TablePauseLedger>();
        services.AddSingleton<IScheduleLedger, TableScheduleLedger>();
        services.AddSingleton<IActionLedger, TableActionLedger>();
        services.AddSingleton<IListOrigins, TableListOrigins>();
        services.AddSingleton<IRestoreLedger, TableRestoreLedger>();
        services.TryAddSingleton<RecentRestore>();
        services.AddTransient<AccountBackup>();
        services.AddTransient<AccountRestore>();
        services.AddSingleton<QueueErasure>();
        services.AddSingleton<BlobErasure>();
        services.AddSingleton<TableErasure>();
        services.AddSingleton<IListEraser, AccountListEraser>();
        services.AddSingleton<AzureRecordStore>();
        services.AddSingleton<IRecordStore>(s => s.GetRequiredService<AzureRecordStore>());
        services.AddSingleton<IManifestReader>(s => s.GetRequiredService<AzureRecordStore>());
        services.AddSingleton<IInputIndex, TableInputIndex>();
        services.AddSingleton<IRequestKeys, TableRequestKeys>();
        services.AddSingleton<IRecordReader, AzureRecordReader>();
        services.AddSingleton<TableListCatalog>();
        services.AddSingleton<IListCatalog>(s => s.GetRequiredService<TableListCatalog>());
        services.AddSingleton<IEventLog>(s => s.GetRequiredService<TableListCatalog>());
        services.AddSingleton<IDeadLetters>(s => s.GetRequiredService<StorageQueueReceiver>());
        services.AddSingleton<SentAnnouncements>();
        services.AddSingleton<IRecordAnnouncer, QueueAnnouncer>();
        services.AddSingleton<IObjectStore>(s => s.GetRequiredService<AzureBlobStore>());
        return services;
    }

    /// <summary>Adds the object stores S3 and Google Cloud Storage.</summary>
    public static IServiceCollection AddCloudObjects(this IServiceCollection services, ObjectStoreOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton<IObjectStore, S3ObjectStore>();
        services.AddSingleton<IObjectStore, GcsObjectStore>();
        return services;
    }
}

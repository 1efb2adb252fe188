using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Pipeline.Callback;
using Pipeline.Collect;
using Pipeline.Emit;
using Pipeline.Intake;
using Pipeline.Nimble;
using Pipeline.Ports;
using Pipeline.Stores.Local;
using Pipeline.Stores.Objects;
using Pipeline.Submit;
using Pipeline.Sweep;

namespace Pipeline;

/// <summary>Registers the stages, and the ports they work on.</summary>
public static class PipelineServices
{
    /// <summary>The stages and what they share. A host adds the ports: <see cref="AddLocalStores"/>.</summary>
    public static IServiceCollection AddPipeline(this IServiceCollection services, Action<PipelineOptions> configure)
    {
        services.AddOptions<PipelineOptions>().Configure(configure).ValidateOnStart();
        services.AddSingleton<IValidateOptions<PipelineOptions>, PipelineOptionsValidator>();
        services.TryAddSingleton(TimeProvider.System);

        services.AddHttpClient<NimbleClient>();
        services.AddSingleton(s => new ObjectStores(s.GetServices<IObjectStore>()));
        services.AddSingleton(s => new ResultNormalizer(s.GetRequiredService<IOptions<PipelineOptions>>().Value.Collect));
        services.AddSingleton<CallbackTokens>();
        services.AddSingleton<SubmissionGate>();
        services.AddSingleton<OpenInputs>();
        services.AddSingleton<Outcomes>();
        services.AddSingleton<ResultReader>();
        services.AddSingleton<SubmissionResolver>();
        services.AddSingleton<AcceptedSubmissions>();
        services.AddSingleton<ListCloser>();

        services.AddSingleton<IntakeStage>();
        services.AddSingleton<SubmitStage>();
        services.AddSingleton<CallbackStage>();
        services.AddSingleton<CollectStage>();
        services.AddSingleton<SweepStage>();
        services.AddSingleton<DeadLetterStage>();
        return services;
    }
}

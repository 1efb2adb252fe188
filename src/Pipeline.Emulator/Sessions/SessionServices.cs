namespace Pipeline.Emulator.Sessions;

/// <summary>Records or replays a session instead of emulating the API, if the options say so.</summary>
internal static class SessionServices
{
    public static void AddSessions(this IServiceCollection services, EmulatorOptions options)
    {
        if (options.RecordFile is not null)
        {
            services.AddSingleton<StoredResults>().AddSingleton<Recorder>();
            services.AddHostedService(provider => provider.GetRequiredService<Recorder>());
            // Stopping reads the objects of the session.
            services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromMinutes(10));
        }
        else if (options.ReplayFile is not null)
        {
            services.AddSingleton<Replayer>();
        }
    }

    /// <summary>Maps the paths of the API.</summary>
    /// <returns>Whether a session is recorded or replayed, so that nothing else may answer these paths.</returns>
    public static bool MapSession(this WebApplication app, EmulatorOptions options)
    {
        if (options.RecordFile is not null)
            app.Services.GetRequiredService<Recorder>().Map(app);
        else if (options.ReplayFile is not null)
            app.Services.GetRequiredService<Replayer>().Map(app);
        else
            return false;
        return true;
    }
}

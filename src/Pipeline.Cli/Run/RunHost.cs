using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Callback;
using Pipeline.Collect;
using Pipeline.Emulator;
using Pipeline.Intake;
using Pipeline.Ledger;
using Pipeline.Nimble;
using Pipeline.Ports;
using Pipeline.Stores.Local;
using Pipeline.Stores.Objects;
using Pipeline.Submit;
using Pipeline.Sweep;

namespace Pipeline.Cli.Run;

/// <summary>The stages on one machine: SQLite and files, a listener for webhooks, and the emulator where there is no API.</summary>
internal sealed class RunHost : IAsyncDisposable
{
    private readonly RunningEmulator? _emulator;
    private readonly LocalDatabase _database;
    private readonly WebApplication _app;

    private RunHost(RunningEmulator? emulator, LocalDatabase database, WebApplication app)
    {
        _emulator = emulator;
        _database = database;
        _app = app;
    }

    public IServiceProvider Services => _app.Services;
}

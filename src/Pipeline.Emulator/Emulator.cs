using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Logging.Console;
using Pipeline.Emulator.Api;
using Pipeline.Emulator.Buckets;
using Pipeline.Emulator.Faults;
using Pipeline.Emulator.Sample;
using Pipeline.Emulator.Sessions;
using Pipeline.Emulator.Work.Delivery;

namespace Pipeline.Emulator;

/// <summary>
/// Emulates Nimble's API on one machine: it really fetches pages, delivers to buckets and calls webhooks.
/// </summary>
public static class Emulator
{
    /// <summary>Starts an emulator in this process. It writes nothing to the console and handles no signals.</summary>
    /// <exception cref="IOException">The port or the folder is in use, or the folder cannot be written.</exception>
    /// <exception cref="FormatException">The faults are malformed.</exception>
    /// <exception cref="ArgumentException">The emulator cannot listen on the address.</exception>
    public static async Task<RunningEmulator> StartAsync(EmulatorOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        LoopbackProxy.Install();
        var faults = FaultSet.Parse(options.Faults);
        var endpoint = EndPointOf(options.Address);
        var folderLock = LockFolder(options.DataFolder);
        WebApplication? app = null;
        try
        {
            app = Build(options, endpoint, faults);
            await app.StartAsync(cancellationToken);
            var address = AddressOf(app, endpoint);
            app.Services.GetRequiredService<OwnAddress>().Set(address);
            return new(app, address, folderLock);
        }
        catch (Exception error)
        {
            if (app is not null)
                await app.DisposeAsync();
            folderLock.Dispose();
            if (error.InnerException is AddressInUseException)
                throw PortInUse(endpoint, error);
            if (error is SocketException)
                throw new IOException($"Cannot listen on {endpoint}: {error.Message}.", error);
            throw;
        }
    }

    private static WebApplication Build(EmulatorOptions options, IPEndPoint endpoint, FaultSet faults)
    {
        // An empty builder ignores the host program's configuration files, environment variables and console.
        var builder = WebApplication.CreateEmptyBuilder(
            new() { ApplicationName = "Pipeline.Emulator", ContentRootPath = options.DataFolder });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(endpoint);
        });
        if (options.Log)
            AddConsole(builder.Logging);
        builder.Services.AddRoutingCore();
        builder.Services.AddEmulator(options, faults);
        builder.Services.AddSessions(options);
        var app = builder.Build();
        var requests = app.Services.GetRequiredService<RequestCounts>();
        app.Use(next => context => requests.InvokeAsync(context, next));
        var gate = app.Services.GetRequiredService<ApiGate>();
        app.Use(next => context => gate.InvokeAsync(context, next));
        if (!app.MapSession(options))
            app.MapEmulator();
        app.MapBuckets(app.Services.GetRequiredService<BucketStore>(), app.Services.GetRequiredService<StoreFaults>());
        app.MapSampleSite();
        return app;
    }

    private static void AddConsole(ILoggingBuilder logging)
    {
        // The host logs what StartAsync throws anyway.
        logging.SetMinimumLevel(LogLevel.Warning).AddFilter("Microsoft.Extensions.Hosting", LogLevel.None)
            // No colours: the console's writer would show their escape sequences as text.
            .AddSimpleConsole(console => console.ColorBehavior = LoggerColorBehavior.Disabled);
        logging.Services.Configure<ConsoleLoggerOptions>(
            console => console.LogToStandardErrorThreshold = LogLevel.Trace);
    }

    private static IPEndPoint EndPointOf(Uri address)
    {
        if (address.IsAbsoluteUri && address.Scheme == "http")
        {
            if (address.IsLoopback && address.HostNameType == UriHostNameType.Dns)
                return new(IPAddress.Loopback, address.Port);
            if (IPAddress.TryParse(address.DnsSafeHost, out var ip))
                return new(ip, address.Port);
        }
        throw new ArgumentException(
            $"Cannot listen on '{address}'. Use an address such as http://127.0.0.1:5005; port 0 takes a free port.",
            nameof(address));
    }

    private static Uri AddressOf(WebApplication app, IPEndPoint endpoint)
    {
        var listening = new Uri(
            app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        return endpoint.Address.Equals(IPAddress.Any) || endpoint.Address.Equals(IPAddress.IPv6Any)
            ? new($"http://127.0.0.1:{listening.Port}")
            : listening;
    }

    private static IOException PortInUse(IPEndPoint endpoint, Exception error) =>
        new(
            $"Cannot listen on {endpoint}: port {endpoint.Port} is in use. Stop the other "
                + "program or choose another port.",
            error);

    private static FileStream LockFolder(string folder)
    {
        Directory.CreateDirectory(folder);
        try
        {
            return new(
                Path.Combine(folder, "emulator.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException error)
        {
            throw new IOException(
                $"Another emulator uses the folder '{folder}'. Stop it or choose another folder.", error);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new IOException($"Cannot write to the folder '{folder}'. Allow it or choose another folder.", error);
        }
    }
}

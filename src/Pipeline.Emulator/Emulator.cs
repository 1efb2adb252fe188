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
using Pipeline.Emulator.Work;

namespace Pipeline.Emulator;

/// <summary>A stand-in for Nimble's API on one machine: it really fetches pages, delivers to buckets and calls webhooks.</summary>
public static class Emulator
{
    /// <summary>Starts an emulator in this process. It writes nothing to the console and handles no signals.</summary>
    /// <exception cref="IOException">The port is in use, or the folder is used by another emulator or cannot be written.</exception>
    /// <exception cref="FormatException">The faults are not of the grammar.</exception>
    /// <exception cref="ArgumentException">The address is not one to listen on.</exception>
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
                throw new IOException($"Cannot listen on {endpoint}: port {endpoint.Port} is in use. Stop the other program or choose another port.", error);
            if (error is SocketException)
                throw new IOException($"Cannot listen on {endpoint}: {error.Message}.", error);
            throw;
        }
    }

    private static WebApplication Build(EmulatorOptions options, IPEndPoint endpoint, FaultSet faults)
    {
        // Empty: no configuration files, variables or console of the program that hosts it.
        var builder = WebApplication.CreateEmptyBuilder(new() { ApplicationName = "Pipeline.Emulator", ContentRootPath = options.DataFolder });
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
        var app = builder.Build();
        var gate = app.Services.GetRequiredService<ApiGate>();
        app.Use(next => context => gate.InvokeAsync(context, next));
        app.MapApi();
        app.MapBuckets(app.Services.GetRequiredService<BucketStore>(), app.Services.GetRequiredService<StoreFaults>());
        app.MapSampleSite();
        return app;
    }

    private static void AddConsole(ILoggingBuilder logging)
    {
        // The host's own messages repeat what StartAsync throws.
        logging.SetMinimumLevel(LogLevel.Warning).AddFilter("Microsoft.Extensions.Hosting", LogLevel.None)
            // Colours are escape sequences, which the console's writer shows instead of passing them on.
            .AddSimpleConsole(console => console.ColorBehavior = LoggerColorBehavior.Disabled);
        logging.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
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
        throw new ArgumentException($"'{address}' is not an address to listen on. Write http://127.0.0.1:5005, or port 0 for a free one.", nameof(address));
    }

    private static Uri AddressOf(WebApplication app, IPEndPoint endpoint)
    {
        var listening = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        return endpoint.Address.Equals(IPAddress.Any) || endpoint.Address.Equals(IPAddress.IPv6Any) ? new($"http://127.0.0.1:{listening.Port}") : listening;
    }

    private static FileStream LockFolder(string folder)
    {
        Directory.CreateDirectory(folder);
        try
        {
            return new(Path.Combine(folder, "emulator.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException error)
        {
            throw new IOException($"The folder '{folder}' is used by another emulator. Stop it or choose another folder.", error);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new IOException($"The folder '{folder}' cannot be written.", error);
        }
    }
}

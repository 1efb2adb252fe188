using System.Runtime.InteropServices;
using Pipeline.IO;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Ports;

namespace Pipeline.Intake.Reading;

/// <summary>The source of a list's bytes, and how to read them. It can be opened several times.</summary>
/// <param name="OpenAsync">Opens the list from its start.</param>
/// <param name="NameHint">The file name; null if the message is the list itself.</param>
internal sealed record ListSource(Func<CancellationToken, ValueTask<Stream>> OpenAsync, string? NameHint)
{
    /// <summary>
    /// The list's format if it is already detected, so that every pass uses the same one. Null to detect it from
    /// content and name.
    /// </summary>
    public ListFormat? Form { get; init; }

    /// <summary>Name of the URL column of a CSV list in the file; null for <c>url</c>.</summary>
    public string? UrlColumn { get; init; }

    /// <summary>Creates the source for a message that is the list itself.</summary>
    public static ListSource Of(ReadOnlyMemory<byte> message)
    {
        var bytes = MemoryMarshal.TryGetArray(message, out var segment) ? segment : message.ToArray();
        return new(
            _ =>
                ValueTask.FromResult<Stream>(
                    new MemoryStream(bytes.Array!, bytes.Offset, bytes.Count, writable: false)),
            null);
    }

    /// <summary>Creates the source for a message that points to a list.</summary>
    /// <exception cref="PipelineException">Permanent: the address is not under an allowed prefix.</exception>
    public static ListSource Of(ListPointer pointer, IObjectStore objects, IntakeOptions options)
    {
        var uri = pointer.Resolve(options.SourcePrefixes);
        return new(cancellationToken => OpenObjectAsync(objects, uri, cancellationToken), Path.GetFileName(uri.Key))
        {
            Form = pointer.Form,
            UrlColumn = pointer.UrlColumn,
        };
    }

    private static async ValueTask<Stream> OpenObjectAsync(
        IObjectStore objects, ObjectUri uri, CancellationToken cancellationToken)
    {
        var read = await objects.OpenAsync(uri, cancellationToken)
            ?? throw PipelineException.Permanent(
                FailureReasons.InvalidConfiguration,
                $"There is no list at {uri}. Check the address, upload the list and submit it again.");
        return new ObjectBody(read);
    }

    // Disposes the object together with the stream, because the reader of a list knows only the stream.
    private sealed class ObjectBody(ObjectRead read) : ForwardStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            read.Body.ReadAsync(buffer, cancellationToken);

        public override async ValueTask DisposeAsync()
        {
            await read.DisposeAsync();
            await base.DisposeAsync();
        }
    }
}

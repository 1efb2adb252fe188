using System.Runtime.InteropServices;
using Pipeline.Ports;

namespace Pipeline.Intake;

/// <summary>Where the bytes of a list come from, and how they are to be read. Opened several times.</summary>
/// <param name="OpenAsync">Opens them from the beginning.</param>
/// <param name="NameHint">The file's name; null for a message that is the list itself.</param>
internal sealed record ListSource(Func<CancellationToken, ValueTask<Stream>> OpenAsync, string? NameHint)
{
    /// <summary>
    /// The list's form, once it was told: whoever reads the list later obeys it. Null to tell it by content and name.
    /// </summary>
    public ListForm? Form { get; init; }

    /// <summary>The column of URLs of a CSV list, by its name in the file; null for <c>url</c>.</summary>
    public string? UrlColumn { get; init; }

    /// <summary>A message that is the list.</summary>
    public static ListSource Of(ReadOnlyMemory<byte> message)
    {
        var bytes = MemoryMarshal.TryGetArray(message, out var segment) ? segment : message.ToArray();
        return new(
            _ =>
                ValueTask.FromResult<Stream>(
                    new MemoryStream(bytes.Array!, bytes.Offset, bytes.Count, writable: false)
                ),
            null
        );
    }

    /// <summary>A message that says where the list is.</summary>
    /// <exception cref="PipelineException">Permanent: lists may not be read from there.</exception>
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
        IObjectStore objects,
        ObjectUri uri,
        CancellationToken cancellationToken
    )
    {
        var read = await objects.OpenAsync(uri, cancellationToken)
            ?? throw PipelineException.Permanent(
                FailureReasons.InvalidConfiguration,
                $"There is no list at {uri}. Check the address, upload the list and submit it again."
            );
        return new ObjectBody(read);
    }

    // Who reads a list disposes its stream; the object behind it must go with it.
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

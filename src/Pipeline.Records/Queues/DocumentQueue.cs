using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;

namespace Pipeline.Records;

/// <summary>How a queue's documents are read.</summary>
/// <param name="Schema">Name of their schema.</param>
/// <param name="Json">How to parse them.</param>
/// <param name="IdOf">Returns a document's schema and id.</param>
/// <param name="MayBeGone">Whether a blob may be deleted because its message has become meaningless.</param>
/// <param name="FaultOf">Returns what is wrong with a document whose JSON is right; null if nothing is.</param>
internal sealed record DocumentForm<T>(
    string Schema, JsonTypeInfo<T> Json, Func<T, (string Schema, string? Id)> IdOf, bool MayBeGone,
    Func<T, string?> FaultOf);

/// <summary>
/// Receives messages that are a document or point to one (<c>pipeline.pointer/1</c>), and returns the documents.
/// </summary>
internal sealed class DocumentQueue<T>(
    QueueClient queue, BlobContainerClient container, DocumentForm<T> form, RecordQueueOptions options,
    TimeProvider time)
    where T : class
{
    private readonly MessageSource<Announced> _messages = new(
        queue, text => Parse(PartMessage.Decode(text), form), options, time);

    /// <summary>Returns documents. Asking for the next one confirms that the last one has been handled.</summary>
    public async IAsyncEnumerable<T> ReadAsync(
        bool untilEmpty, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var (lease, message) in _messages.ReceiveAllAsync(untilEmpty, cancellationToken))
        {
            var isHandled = false;
            try
            {
                var (document, isGone) = await LoadAsync(message, lease.Message, cancellationToken);
                if (document is not null)
                    yield return document;
                isHandled = document is not null || isGone;
            }
            finally
            {
                if (isHandled)
                    await lease.DeleteAsync(CancellationToken.None);
                else
                    await lease.ReleaseAsync(options.RetryDelay);
                await lease.DisposeAsync();
            }
        }
    }

    /// <summary>
    /// Returns the document, or without one, whether it is gone for good. Reports what cannot be read.
    /// </summary>
    private async Task<(T? Document, bool IsGone)> LoadAsync(
        Announced message, QueueMessage received, CancellationToken cancellationToken)
    {
        try
        {
            if (message.Pointer is not { } pointer)
                return (message.Document, false);
            var document = await ReadBlobAsync(pointer, received.InsertedOn, cancellationToken);
            return (document, document is null && form.MayBeGone);
        }
        catch (RecordException e)
        {
            options.OnProblem?.Invoke(new(received.Body.ToString(), e.Message, IsPoison: false));
            return (null, false);
        }
    }

    /// <summary>
    /// Reads and verifies a blob; null if it is gone and may be. If a blob was written again after the message, its
    /// bytes differ from the pointer, and it is the newer document.
    /// </summary>
    private async Task<T?> ReadBlobAsync(
        Pointer pointer, DateTimeOffset? announced, CancellationToken cancellationToken)
    {
        var name = Blobs.Find(pointer.Uri, container.Name)
            ?? throw new RecordException(
                RecordFault.Invalid, $"{pointer.Uri} is not a blob in container '{container.Name}'");
        using var blob = await Blobs.OpenAsync(container, name, default, cancellationToken);
        if (blob is null)
            return form.MayBeGone ? null : throw new RecordException(RecordFault.Missing, $"{name} is gone");
        if (blob.Details.ContentLength > options.Reader.MaxMemoryBytes)
            throw new RecordException(
                RecordFault.TooLarge, $"{name} has more than {options.Reader.MaxMemoryBytes} bytes");
        var bytes = new byte[blob.Details.ContentLength];
        await blob.Content.ReadExactlyAsync(bytes, cancellationToken);
        if (Convert.ToHexStringLower(SHA256.HashData(bytes)) != pointer.Sha256
            && !(blob.Details.LastModified > announced))
            throw new RecordException(RecordFault.Damaged, $"{name} has a different SHA-256 than the message says");
        var document = Deserialize(bytes, form);
        return form.IdOf(document).Id == pointer.Id
            ? document
            : throw new RecordException(RecordFault.Damaged, $"{name} is not {pointer.Id}");
    }

    private static Announced Parse(string text, DocumentForm<T> form)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(text);
        return SchemaOf(bytes) != Pointer.SchemaName
            ? new(Deserialize(bytes, form), null)
            : JsonOf(bytes, PointerJson.Default.Pointer, Pointer.SchemaName) is { Uri.IsAbsoluteUri: true } pointer
                ? new(null, pointer)
                : throw Invalid(Pointer.SchemaName, "its address is not absolute", inner: null);
    }

    private static string? SchemaOf(byte[] json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement is { ValueKind: JsonValueKind.Object } root
                && root.TryGetProperty("schema", out var schema) && schema.ValueKind == JsonValueKind.String
                ? schema.GetString()
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static T Deserialize(byte[] json, DocumentForm<T> form)
    {
        var document = JsonOf(json, form.Json, form.Schema);
        var schema = form.IdOf(document).Schema;
        return (schema == form.Schema ? form.FaultOf(document) : $"its schema is '{schema}'") is { } fault
            ? throw Invalid(form.Schema, fault, inner: null)
            : document;
    }

    private static TOne JsonOf<TOne>(byte[] json, JsonTypeInfo<TOne> type, string schema)
    {
        try
        {
            return JsonSerializer.Deserialize(json, type) ?? throw Invalid(schema, "it is null", inner: null);
        }
        catch (JsonException e)
        {
            throw Invalid(schema, JsonFault.Describe(e), e);
        }
    }

    private static RecordException Invalid(string schema, string why, Exception? inner) =>
        new(RecordFault.Invalid, $"The document is not a {schema}: {why}", inner: inner);

    /// <summary>A message: the document itself, or its address.</summary>
    private sealed record Announced(T? Document, Pointer? Pointer);
}

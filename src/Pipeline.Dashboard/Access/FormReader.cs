using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Pipeline.Dashboard.Access;

/// <summary>What is known of a form that was sent.</summary>
internal enum FormFate
{
    /// <summary>One of our own pages sent it.</summary>
    Own,

    /// <summary>
    /// One of our own pages sent it, says the browser, but in another session: the reader has signed in again, or the
    /// server was started again. It is not acted on before the reader says so once more.
    /// </summary>
    Old,

    /// <summary>It is not known to be our own.</summary>
    Foreign,

    /// <summary>It is longer than we take.</summary>
    TooLong,
}

/// <summary>Reads the forms that browsers send, up to a limit, and tells whether one of our pages sent them.</summary>
internal sealed class FormReader(DashboardAccess access)
{
    // The text field of the form for lists; a longer list is a file.
    private const int MaxField = 16 << 20;

    // What surrounds a file in a form: names and small fields.
    private const long FormParts = 64 << 10;

    // How much of a body is read, to tell a browser that it is too long.
    private const long MaxRead = 512 << 20;

    /// <summary>Reads the form of a request. <c>Request.Form</c> then has it, if it is our own.</summary>
    /// <param name="context">The request.</param>
    /// <param name="maxBytes">Length of the longest file or field.</param>
    public async Task<FormFate> ReadAsync(HttpContext context, long maxBytes)
    {
        var request = context.Request;
        if (!request.HasFormContentType || !access.IsOwnOrigin(request))
            return FormFate.Foreign;
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = MaxRead;
        if (request.ContentLength > maxBytes + FormParts)
            return await RefuseAsync(context);
        var limits = new FormOptions
        {
            MultipartBodyLengthLimit = maxBytes, ValueLengthLimit = (int)Math.Min(MaxField, maxBytes),
        };
        try
        {
            var form = await request.ReadFormAsync(limits, context.RequestAborted);
            return access.IsOwnForm(context, form[DashboardAccess.FormField]) ? FormFate.Own
                : access.IsSentByOwnPage(request) ? FormFate.Old
                : FormFate.Foreign;
        }
        catch (BadHttpRequestException error)
        {
            return error.StatusCode == StatusCodes.Status413PayloadTooLarge ? FormFate.TooLong : FormFate.Foreign;
        }
        catch (InvalidDataException error)
        {
            // The framework has no other sign for what is beyond a limit.
            return error.Message.Contains("limit", StringComparison.Ordinal)
                ? await RefuseAsync(context)
                : FormFate.Foreign;
        }
    }

    /// <summary>
    /// Reads the rest of a body that is too long, within bounds: a browser that is cut off while it sends shows no
    /// answer.
    /// </summary>
    private static async Task<FormFate> RefuseAsync(HttpContext context)
    {
        try
        {
            await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
        }
        catch (Exception error) when (error is BadHttpRequestException or IOException)
        {
            // It is longer than anybody reads.
        }

        return FormFate.TooLong;
    }
}

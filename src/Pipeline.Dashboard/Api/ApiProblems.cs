using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Pipeline.Model;

namespace Pipeline.Dashboard.Api;

/// <summary>Answers errors as problem details (RFC 9457).</summary>
internal sealed class ApiProblems : IEndpointFilter
{
    private static readonly TimeSpan DefaultWait = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        try
        {
            return await next(invocation);
        }
        catch (PipelineException problem)
        {
            return Of(invocation.HttpContext, problem);
        }
        catch (BadHttpRequestException problem)
        {
            return Of(problem.StatusCode, "The request cannot be read.", problem.Message);
        }
        catch (JsonException)
        {
            return Invalid("The body is not the JSON that this address takes. See /api/openapi.json.");
        }
    }

    /// <summary>A problem.</summary>
    public static IResult Of(int status, string title, string detail) =>
        Results.Problem(detail, statusCode: status, title: title);

    /// <summary>What was asked for is not there.</summary>
    public static IResult NotFound(string detail) => Of(StatusCodes.Status404NotFound, "Not found.", detail);

    /// <summary>The request cannot be used.</summary>
    public static IResult Invalid(string detail) =>
        Of(StatusCodes.Status400BadRequest, "The request cannot be used.", detail);

    // Where a problem names an option of the command, here it names the parameter.
    private static string Describe(PipelineException problem) =>
        problem.Message.Replace("--url-column ", "url_column=", StringComparison.Ordinal);

    private static IResult Of(HttpContext context, PipelineException problem)
    {
        var detail = Describe(problem);
        if (problem.IsPermanent)
            return problem.Reason switch
            {
                FailureReasons.LimitExceeded => Of(
                    StatusCodes.Status413PayloadTooLarge, "The list exceeds a limit.", detail),
                FailureReasons.InvalidInput or FailureReasons.InvalidConfiguration => Of(
                    StatusCodes.Status422UnprocessableEntity, "That cannot be done.", detail),
                _ => Of(StatusCodes.Status500InternalServerError, "That failed.", detail),
            };
        var wait = problem.RetryAfter ?? DefaultWait;
        context.Response.Headers.RetryAfter =
            Math.Ceiling(wait.TotalSeconds).ToString("0", CultureInfo.InvariantCulture);
        return Of(StatusCodes.Status503ServiceUnavailable, "A service does not answer now.", detail);
    }
}

/// <summary>Source-generated JSON for problem details.</summary>
[JsonSerializable(typeof(ProblemDetails))]
internal sealed partial class ProblemJson : JsonSerializerContext;

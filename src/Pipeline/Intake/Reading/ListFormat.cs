namespace Pipeline.Intake.Reading;

/// <summary>
/// The format of a list. Detected from its content; the file name decides only what the content leaves open.
/// </summary>
internal enum ListFormat
{
    /// <summary>One URL per line. <c>#</c> comments and blank lines are skipped.</summary>
    Text,

    /// <summary>A header row with <c>url</c> and extraction fields, then one row per input.</summary>
    Csv,

    /// <summary>One JSON value per line: a URL or an input object.</summary>
    Ndjson,

    /// <summary>A JSON array of URLs and input objects.</summary>
    JsonArray,

    /// <summary>A Nimble batch body: <c>inputs</c> with <c>shared_inputs</c>.</summary>
    Batch,

    /// <summary>A Nimble async body: one input object and nothing else.</summary>
    SingleInput,

    /// <summary>An object whose <c>source</c> is the address of the list.</summary>
    Pointer,
}

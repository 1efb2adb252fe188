using System.Text;
using Pipeline.Staging;

namespace Pipeline.Tests.Support;

/// <summary>Creates records with a given text.</summary>
public static class TextRecord
{
    /// <summary>A small JSON object with its id, padded with a letter.</summary>
    public static StagedRecord Of(string id, string listId = "list", int padding = 0) =>
        Of(id, listId, $$"""{"id":"{{id}}","list_id":"{{listId}}","pad":"{{new string('x', padding)}}"}""");

    /// <summary>A record with any text.</summary>
    public static StagedRecord Of(string id, string listId, string json) =>
        StagedRecord.FromBytes(id, listId, $"{listId}-000000", Encoding.UTF8.GetBytes(json));
}

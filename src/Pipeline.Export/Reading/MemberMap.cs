using System.Text;
using Pipeline.Export.Tables;

namespace Pipeline.Export.Reading;

/// <summary>
/// Finds the column of a member by its name. Members usually arrive in the order of the columns, so the next column is
/// tried first.
/// </summary>
internal sealed class MemberMap
{
    /// <summary>The member <c>schema</c>, which is no column.</summary>
    public const int Schema = -2;

    /// <summary>A member without a column.</summary>
    public const int Unknown = -1;

    private readonly List<Member> _members = [];
    private int _next;

    /// <summary>Maps the members of an object at the top level.</summary>
    public MemberMap(IReadOnlyList<Column> columns)
        : this(columns.Select((column, index) => (column.Path, index)).Prepend(("schema", Schema)))
    {
    }

    private MemberMap(IEnumerable<(string Path, int Column)> columns)
    {
        foreach (var group in columns.GroupBy(one => one.Path.Split('.')[0]))
        {
            var inner = group.Where(one => one.Path != group.Key)
                .Select(one => (one.Path[(group.Key.Length + 1)..], one.Column))
                .ToList();
            _members.Add(
                inner.Count > 0
                    ? new(Encoding.UTF8.GetBytes(group.Key), Unknown, new(inner))
                    : new(Encoding.UTF8.GetBytes(group.Key), group.Single().Column, null));
        }
    }

    /// <summary>Returns the member of a name; null for one without a column.</summary>
    public Member? Find(ReadOnlySpan<byte> name)
    {
        for (var tried = 0; tried < _members.Count; tried++)
        {
            var index = (_next + tried) % _members.Count;
            if (!name.SequenceEqual(_members[index].Name))
                continue;
            _next = index + 1;
            return _members[index];
        }
        return null;
    }

    /// <summary>A member.</summary>
    /// <param name="Name">Its name, UTF-8.</param>
    /// <param name="Column">The index of its column.</param>
    /// <param name="Inner">The columns of its own members; null if it is a column itself.</param>
    public sealed record Member(byte[] Name, int Column, MemberMap? Inner);
}

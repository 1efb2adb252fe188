using System.CommandLine;
using Pipeline.Cli.Run;
using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Cli.Failures;

/// <summary>Which failures a command is about.</summary>
/// <param name="Lists">Ids of lists; none for all.</param>
/// <param name="Ids">Ids of inputs; none for all.</param>
/// <param name="Reasons">Reasons; none for all.</param>
internal sealed record Selection(IReadOnlyList<string> Lists, IReadOnlyList<string> Ids, IReadOnlyList<string> Reasons)
{
    private const int MaxNamed = 20;

    private static readonly Argument<string[]> ListIds = new Argument<string[]>("LIST_ID") { Description = "Lists, by id. Default: all; a replay over a storage account must name them.", Arity = ArgumentArity.ZeroOrMore }.RefusingOptions();
    private static readonly Option<string[]> InputIds = new("--id") { Description = "Only the failure of this input; repeatable.", HelpName = "ID", DefaultValueFactory = _ => [] };
    private static readonly Option<string[]> OfReason = new("--reason") { Description = "Only failures of this reason, such as task_failed; repeatable.", HelpName = "REASON", DefaultValueFactory = _ => [] };

    public static void AddTo(Command command)
    {
        command.Add(ListIds);
        command.Add(InputIds);
        command.Add(OfReason);
    }

    public static Selection Read(ParseResult parsed) => new(parsed.GetValue(ListIds) ?? [], parsed.GetValue(InputIds)!, parsed.GetValue(OfReason)!);

    /// <summary>The arguments of the same selection, with a blank before each.</summary>
    public string Arguments => string.Concat(
        Lists.Select(list => $" {Shell.Quote(list)}")
            .Concat(Ids.Select(id => $" {InputIds.Name} {Shell.Quote(id)}"))
            .Concat(Reasons.Select(reason => $" {OfReason.Name} {Shell.Quote(reason)}")));

    /// <summary>Whether a failure is meant.</summary>
    public bool Matches(string id, string? reason) => (Ids.Count == 0 || Ids.Contains(id)) && (Reasons.Count == 0 || Reasons.Contains(reason));

    /// <summary>The lists that are meant.</summary>
    /// <exception cref="PipelineException">Permanent: the ledger does not know one of them.</exception>
    public async Task<IReadOnlyList<string>> FindListsAsync(ILedger ledger, string store, CancellationToken cancellationToken)
    {
        if (Lists.Count == 0)
            return await ledger.GetListIdsAsync(cancellationToken).ToListAsync(cancellationToken);
        foreach (var id in Lists)
        {
            if (await ledger.GetListAsync(id, cancellationToken) is not null)
                continue;
            var known = await ledger.GetListIdsAsync(cancellationToken).Take(MaxNamed + 1).ToListAsync(cancellationToken);
            var names = known.Count == 0 ? "none" : string.Join(", ", known.Take(MaxNamed)) + (known.Count > MaxNamed ? ", and more" : "");
            throw PipelineException.Permanent(FailureReasons.InvalidConfiguration, $"No list {id} is known in {store}. There: {names}.");
        }
        return Lists;
    }
}

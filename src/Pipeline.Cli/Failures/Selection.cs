using System.CommandLine;
using Pipeline.Cli.Run;
using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Cli.Failures;

/// <summary>The failures that a command selects.</summary>
/// <param name="Lists">Ids of lists; none for all.</param>
/// <param name="Ids">Ids of inputs; none for all.</param>
/// <param name="Reasons">Reasons; none for all.</param>
internal sealed record Selection(IReadOnlyList<string> Lists, IReadOnlyList<string> Ids, IReadOnlyList<string> Reasons)
{
    private const int MaxNamed = 20;

    private static readonly Argument<string[]> ListIds =
        new Argument<string[]>("LIST_ID") { Description = "Ids of lists. Default: all; to replay over a "
            + "storage account, name them.", Arity = ArgumentArity.ZeroOrMore }.RefusingOptions();
    private static readonly Option<string[]> InputIds = new("--id")
    {
        Description = "Only the failure with this id. Repeatable.",
        HelpName = "ID",
        DefaultValueFactory = _ => [],
    };
    private static readonly Option<string[]> OfReason = new("--reason")
    {
        Description = "Only failures of this reason, such as task_failed. Repeatable.",
        HelpName = "REASON",
        DefaultValueFactory = _ => [],
    };

    static Selection() => OfReason.CompletionSources.Add([.. FailureRemedies.All.Select(remedy => remedy.Reason)]);

    public static void AddTo(Command command)
    {
        command.Add(ListIds);
        command.Add(InputIds);
        command.Add(OfReason);
    }

    public static Selection Read(ParseResult parsed) =>
        new(parsed.GetValue(ListIds) ?? [], parsed.GetValue(InputIds)!, parsed.GetValue(OfReason)!);

    /// <summary>The arguments of this selection, with a blank before each.</summary>
    public string Arguments => string.Concat(
        Lists.Select(list => $" {Shell.Quote(list)}")
            .Concat(Ids.Select(id => $" {InputIds.Name} {Shell.Quote(id)}"))
            .Concat(Reasons.Select(reason => $" {OfReason.Name} {Shell.Quote(reason)}")));

    /// <summary>Whether a failure is selected.</summary>
    public bool Matches(string id, string? reason) =>
        (Ids.Count == 0 || Ids.Contains(id)) && (Reasons.Count == 0 || Reasons.Contains(reason));

    /// <summary>Returns the ids of the selected lists.</summary>
    /// <exception cref="PipelineException">Permanent: the ledger does not know one of them.</exception>
    public async Task<IReadOnlyList<string>> FindListsAsync(
        ILedger ledger, string store, CancellationToken cancellationToken)
    {
        if (Lists.Count == 0)
            return await ledger.GetListIdsAsync(cancellationToken).ToListAsync(cancellationToken);
        foreach (var id in Lists)
        {
            if (await ledger.GetListAsync(id, cancellationToken) is not null)
                continue;
            var known = await ledger.GetListIdsAsync(cancellationToken)
                .Take(MaxNamed + 1)
                .ToListAsync(cancellationToken);
            var names = known.Count == 0
                ? "none"
                : string.Join(", ", known.Take(MaxNamed)) + (known.Count > MaxNamed ? ", and more" : "");
            throw PipelineException.Permanent(
                FailureReasons.InvalidConfiguration, $"No list {id} is known in {store}. Known lists: {names}.");
        }
        return Lists;
    }
}

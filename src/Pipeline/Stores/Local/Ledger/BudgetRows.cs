using Pipeline.Model;
using Pipeline.Stores.Local.Erasing;

namespace Pipeline.Stores.Local.Ledger;

/// <summary>The ledger's statements: budgets. The sum and the reservations change in the same transaction.</summary>
internal static class BudgetRows
{
    public static long Reserve(SqlSession session, string budget, string name, int urls, long limit)
    {
        if (session.Scalar("SELECT urls FROM reservation WHERE budget=$1 AND name=$2", budget, name) is not null)
            return urls;
        // An erased submission is not charged, because its intent is refused next.
        if (name.LastIndexOf('.') is > 0 and var end
            && ErasedLists.Has(session, SubmissionIds.ListOf(name[..end])))
            return urls;
        var left = limit - Reserved(session, budget);
        if (left < urls)
            return Math.Max(0, left);
        session.Execute("INSERT INTO reservation(budget, name, urls) VALUES($1, $2, $3)", budget, name, urls);
        session.Execute(
            "INSERT INTO budget(name, urls) VALUES($1, $2) ON CONFLICT DO UPDATE SET urls=budget.urls+excluded.urls",
            budget, urls);
        return urls;
    }

    public static void Release(SqlSession session, string budget, string name)
    {
        if (session.Scalar("SELECT urls FROM reservation WHERE budget=$1 AND name=$2", budget, name) is not long urls)
            return;
        session.Execute("DELETE FROM reservation WHERE budget=$1 AND name=$2", budget, name);
        session.Execute("UPDATE budget SET urls=urls-$2 WHERE name=$1", budget, urls);
    }

    public static long Reserved(SqlSession session, string budget) =>
        session.Scalar("SELECT urls FROM budget WHERE name=$1", budget) as long? ?? 0;
}

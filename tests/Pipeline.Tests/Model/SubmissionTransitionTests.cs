using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Pipeline.Model;
using Pipeline.Tests.Support;
using static Pipeline.Model.SubmissionState;

namespace Pipeline.Tests.Model;

/// <summary>
/// The life of a submission: which steps lead from which state to which, and that nothing else sets the state.
/// </summary>
[Trait("Promise", "2")]
public sealed partial class SubmissionTransitionTests
{
    private static readonly DateTimeOffset Now = Some.Time;

    /// <summary>Every step, and the states to which it leads from the states in which it is allowed.</summary>
    private static readonly Dictionary<string, (Func<SubmissionEntry, SubmissionEntry> Take,
        Dictionary<SubmissionState, SubmissionState> Leads)>
        Steps = new()
        {
            ["SendAgain"] = (s => s.SendAgain(Now), new() { [Planned] = Planned }),
            ["WaitFor"] = (s => s.WaitFor(HoldReason.ApiKey, Now, Now, null), new() { [Planned] = Planned }),
            ["ToPosting"] = (s => s.ToPosting(Now, TimeSpan.FromMinutes(1)), new() { [Planned] = Posting }),
            ["BackToPlanned"] = (
                s => s.BackToPlanned(Entry(Planned)), new() { [Posting] = Planned, [Unknown] = Planned }),
            ["PostAgain"] = (s => (s with { FirstCallbackAt = null }).PostAgain(Now), new() { [Unknown] = Planned }),
            ["CallOff"] = (s => s.CallOff(Now), new() { [Planned] = Unknown }),
            ["Compare"] = (s => s.Compare(Now, Now, Now), new() { [Planned] = Unknown }),
            ["NotLost"] = (
                s => (s with { FirstCallbackAt = null, LostSince = Now }).NotLost(Now),
                new() { [Unknown] = Planned }),
            ["ToUnknown"] = (s => s.ToUnknown("why", Now), new() { [Posting] = Unknown, [Unknown] = Unknown }),
            ["LookInVain"] = (
                s => s.LookInVain(isUnderWay: false, Now), new() { [Posting] = Unknown, [Unknown] = Unknown }),
            ["LookInVain, under way"] = (s => s.LookInVain(isUnderWay: true, Now), new() { [Posting] = Posting }),
            ["ToAccepted"] = (
                s => s.ToAccepted("b-1", PostProof.Echo, Now, Now),
                new() { [Posting] = Accepted, [Unknown] = Accepted, [Refused] = Accepted, [Closed] = Accepted }),
            ["ToRefused"] = (s => s.ToRefused("why", Now), new() { [Posting] = Refused, [Unknown] = Refused }),
            ["GiveUp"] = (s => s.GiveUp(Now), new() { [Planned] = Refused, [Posting] = Refused, [Unknown] = Refused }),
            ["ToClosed"] = (s => s.ToClosed(1, 2, "{}", null), new() { [Accepted] = Closed, [Refused] = Closed }),
            ["Reopen"] = (s => (s with { AcceptedAt = Now }).Reopen(Now, Now), Stay(except: Closed, Accepted)),
            ["Reopen, never accepted"] = (
                s => (s with { AcceptedAt = null }).Reopen(Now, Now), Stay(except: Closed, Refused)),
            ["Look"] = (s => s.Look(3, _ => Now), new() { [Accepted] = Accepted }),
            ["LookLater"] = (s => s.LookLater(Now), new() { [Accepted] = Accepted, [Closed] = Closed }),
            ["LookLater, never"] = (s => s.LookLater(null), new() { [Closed] = Closed }),
            ["LookNow"] = (s => s.LookNow(Now), Stay()),
            ["PutOff"] = (s => s.PutOff(Setback(), Now), Stay()),
            ["PutOff, for ever"] = (s => s.PutOff(Setback(), null), new() { [Closed] = Closed }),
        };

    public static TheoryData<string, SubmissionState> StepsFromEachState() =>
        new(Steps.Keys.SelectMany(step => Enum.GetValues<SubmissionState>().Select(from => (step, from))));

    [Theory]
    [MemberData(nameof(StepsFromEachState))]
    public void AStepLeadsWhereTheDiagramSaysOrIsRefused(string step, SubmissionState from)
    {
        var (take, leads) = Steps[step];
        if (leads.TryGetValue(from, out var to))
            Assert.Equal(to, take(Entry(from)).State);
        else
            Assert.Contains(from.ToString(), Assert.Throws<InvalidOperationException>(() => take(Entry(from))).Message);
    }

    [Fact]
    public void TheDiagramInTheDocsIsTheOneInTheCode()
    {
        var walked = Steps.SelectMany(step => step.Value.Leads.Where(lead => lead.Key != lead.Value)
            .Select(lead => (Pair: $"{lead.Key} --> {lead.Value}", Step: step.Key.Split(',')[0])));
        var drawn = Diagram().Matches(Repository.Read("docs/decisions.md"))
            .SelectMany(
                line => line.Groups[2].Value.Split(", ").Select(step => (Pair: line.Groups[1].Value, Step: step)));
        Assert.Equal(walked.Distinct().Order(), drawn.Order());
    }

    [Fact]
    public void EveryStepIsWalked()
    {
        var methods = typeof(SubmissionTransitions).GetMethods(BindingFlags.Public | BindingFlags.Static)
            .Where(m => m.IsDefined(typeof(ExtensionAttribute))).Select(m => m.Name);
        Assert.Empty(methods.Except(Steps.Keys));
    }

    [Fact]
    public void ARefusalIsNoProofOfAcceptanceAndWhatNimbleRefusedIsNeverAccepted()
    {
        Assert.Throws<InvalidOperationException>(() => Entry(Posting).ToAccepted("b-1", PostProof.Refusal, Now, Now));
        Assert.Throws<InvalidOperationException>(() => Entry(Posting).ToAccepted("b-1", PostProof.None, Now, Now));
        var refused = Entry(Posting).ToRefused("why", Now);
        Assert.Throws<InvalidOperationException>(() => refused.ToAccepted("b-1", PostProof.Echo, Now, Now));
    }

    [Fact]
    public void WhatAWebhookWasHeardOfIsNotPostedAgain()
    {
        Assert.Throws<InvalidOperationException>(() => Entry(Unknown).PostAgain(Now));
        Assert.Throws<InvalidOperationException>(() => (Entry(Planned) with { FirstCallbackAt = null }).CallOff(Now));
    }

    [Fact]
    public void OnlyTransitionsSetTheStateAndTheDueTime()
    {
        // Rows are read as they were written.
        string[] readers = ["LedgerRows", "LedgerEntities"];
        Assert.DoesNotContain(Setters(), type => type != nameof(SubmissionTransitions) && !readers.Contains(type));
        Assert.Contains(nameof(SubmissionTransitions), Setters());
    }

    /// <summary>
    /// Our types whose code sets state or due time; lambdas and state machines count for the type that contains them.
    /// </summary>
    private static IEnumerable<string> Setters()
    {
        var setters = new[] { nameof(SubmissionEntry.State), nameof(SubmissionEntry.DueAt) }
            .Select(name => typeof(SubmissionEntry).GetProperty(name)!.SetMethod!).ToHashSet();
        return Assemblies().SelectMany(assembly => assembly.GetTypes())
            .Where(type => type != typeof(SubmissionEntry)
                && Methods(type).Any(method => Calls(method).Overlaps(setters)))
            .Select(Outermost).Distinct();
    }

    private static IEnumerable<Assembly> Assemblies() =>
        Directory.EnumerateFiles(AppContext.BaseDirectory, "Pipeline*.dll")
            .Select(file => Path.GetFileNameWithoutExtension(file))
            .Where(name => !name.Contains("Tests", StringComparison.Ordinal)).Select(Assembly.Load);

    private static string Outermost(Type type)
    {
        while (type.DeclaringType is { } outer)
            type = outer;
        return type.Name;
    }

    private static IEnumerable<MethodBase> Methods(Type type)
    {
        const BindingFlags All =
            BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance
            | BindingFlags.DeclaredOnly;
        return type.GetMethods(All).Concat<MethodBase>(type.GetConstructors(All));
    }

    /// <summary>
    /// The methods that the code of one calls: <c>call</c> is 28, <c>callvirt</c> 6F, each with a token of four bytes.
    /// </summary>
    private static HashSet<MethodBase> Calls(MethodBase method)
    {
        var code = method.GetMethodBody()?.GetILAsByteArray() ?? [];
        var calls = new HashSet<MethodBase>();
        for (var at = 0; at + 4 < code.Length; at++)
            if (code[at] is 0x28 or 0x6F && Resolve(method, BitConverter.ToInt32(code, at + 1)) is { } called)
                calls.Add(called);
        return calls;
    }

    /// <summary>Null for bytes that only look like a call.</summary>
    private static MethodBase? Resolve(MethodBase method, int token)
    {
        try
        {
            return (token >> 24) is 0x06 or 0x0A ? method.Module.ResolveMethod(token) : null;
        }
        catch (Exception error) when (error is ArgumentException or BadImageFormatException)
        {
            return null;
        }
    }

    [GeneratedRegex(@"^    (\w+ --> \w+): (.+)$", RegexOptions.Multiline)]
    private static partial Regex Diagram();

    private static Dictionary<SubmissionState, SubmissionState> Stay(
        SubmissionState? except = null, SubmissionState to = default) =>
        Enum.GetValues<SubmissionState>().ToDictionary(state => state, state => state == except ? to : state);

    private static Setback Setback() =>
        new() { Reason = FailureReasons.Unavailable, Message = "It is down.", Since = Now, Until = Now };

    /// <summary>A submission whose POST left no proof, in any state.</summary>
    private static SubmissionEntry Entry(SubmissionState state) => Some.Submission() with
    {
        State = state, Proof = PostProof.None, PostedAt = Now, FirstCallbackAt = Now,
    };
}

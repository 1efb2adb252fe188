using Pipeline.Tests.Support;

namespace Pipeline.Tests.EndToEnd;

public sealed class RunTests() : RunSuite(null);

[Trait("Needs", "servers")]
public sealed class RunOverAzureTests(Servers servers) : RunSuite(servers);

public sealed class SubmissionFaultTests() : SubmissionFaultSuite(null);

[Trait("Needs", "servers")]
public sealed class SubmissionFaultOverAzureTests(Servers servers) : SubmissionFaultSuite(servers);

public sealed class WebhookFaultTests() : WebhookFaultSuite(null);

[Trait("Needs", "servers")]
public sealed class WebhookFaultOverAzureTests(Servers servers) : WebhookFaultSuite(servers);

public sealed class TaskFaultTests() : TaskFaultSuite(null);

[Trait("Needs", "servers")]
public sealed class TaskFaultOverAzureTests(Servers servers) : TaskFaultSuite(servers);

public sealed class ObjectFaultTests() : ObjectFaultSuite(null);

[Trait("Needs", "servers")]
public sealed class ObjectFaultOverAzureTests(Servers servers) : ObjectFaultSuite(servers);

public sealed class KillTests() : KillSuite(null);

[Trait("Needs", "servers")]
public sealed class KillOverAzureTests(Servers servers) : KillSuite(servers);

public sealed class ServeTests() : ServeSuite(null);

[Trait("Needs", "servers")]
public sealed class ServeOverAzureTests(Servers servers) : ServeSuite(servers);

public sealed class SeriesTests() : SeriesSuite(null);

[Trait("Needs", "servers")]
public sealed class SeriesOverAzureTests(Servers servers) : SeriesSuite(servers);

public sealed class RetryTests() : RetrySuite(null);

[Trait("Needs", "servers")]
public sealed class RetryOverAzureTests(Servers servers) : RetrySuite(servers);

[Trait("Needs", "servers")]
public sealed class EraseOverAzureTests(Servers servers) : EraseSuite(servers);

public sealed class LateWriterTests() : LateWriterSuite(null);

[Trait("Needs", "servers")]
public sealed class LateWriterOverAzureTests(Servers servers) : LateWriterSuite(servers);

public sealed class NotificationKillTests() : NotificationKillSuite(null);

[Trait("Needs", "servers")]
public sealed class NotificationKillOverAzureTests(Servers servers) : NotificationKillSuite(servers);

using Pipeline.Cli.Failures;

namespace Pipeline.Tests.Cli;

public sealed class FailuresCommandTests
{
    [Fact]
    public void AMessageCannotTellTheTerminalWhatToDo() =>
        Assert.Equal("gone  é  [31mred [0m", FailuresCommand.Printable("gone\r\né\t\u001b[31mred\u009b[0m"));
}

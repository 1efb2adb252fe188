using System.Net.Sockets;
using Pipeline.IO;
using Pipeline.Stores.Local;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.IO;

/// <summary>Errors of files and of the network are described in our words, not in .NET's.</summary>
public sealed class FaultWordsTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("none", "there is no such file")]
    [InlineData("none/x", "there is no such folder")]
    [InlineData("file/x", "there is no such folder")]
    [InlineData("circle", "its links form a loop")]
    public void AFileThatCannotBeOpenedSaysWhy(string name, string words)
    {
        File.WriteAllText(_folder["file"], "");
        File.CreateSymbolicLink(_folder["circle"], _folder["circle"]);
        var error = Record.Exception(() => File.OpenRead(_folder[name]).Dispose());
        Assert.Equal(words, FaultWords.Of(error!));
        Assert.Equal($"'{_folder[name]}': {words}", FaultWords.WithPath(error!));
    }

    [Fact]
    public void ATemporaryFileIsNamedByTheFileThatItWasToBecome()
    {
        var error = Record.Exception(
            () => File.OpenRead(AtomicFile.NameTemporary(_folder["records.ndjson"])).Dispose());
        Assert.Equal($"'{_folder["records.ndjson"]}': there is no such file", FaultWords.WithPath(error!));
    }

    [Fact]
    public void ANameThatIsTooLongIsSaid() =>
        Assert.Equal(
            "the name or the path is too long",
            FaultWords.Of(Record.Exception(() => File.WriteAllText(_folder[new string('x', 300)], ""))!));

    [Theory]
    [InlineData(SocketError.ConnectionRefused, "the connection is refused")]
    [InlineData(SocketError.AddressAlreadyInUse, "the port is in use")]
    [InlineData(SocketError.HostNotFound, "the name of the host is not known")]
    public void AnErrorOfTheNetworkIsTheSameHoweverDeepItIs(SocketError error, string words)
    {
        var socket = new SocketException((int)error);
        Assert.Equal(words, FaultWords.Of(socket));
        Assert.Equal(words, FaultWords.Of(new IOException("Unable to read data.", socket)));
        Assert.Equal(
            $"{words} (a.example:80)",
            FaultWords.Of(new HttpRequestException($"{socket.Message} (a.example:80)", socket)));
    }

    [Fact]
    public async Task ARequestThatReachesNobodySaysWhy()
    {
        using var http = new HttpClient();
        var address = new Uri($"http://127.0.0.1:{CliProcess.FreePort()}/");
        var error = await Record.ExceptionAsync(() => http.GetAsync(address, TestContext.Current.CancellationToken));
        Assert.Equal($"the connection is refused ({address.Authority})", FaultWords.Of(error!));
    }

    [Fact]
    public void AnyOtherErrorIsOneLine() =>
        Assert.Equal("It broke", FaultWords.Of(new InvalidOperationException("It broke.\nSee inside.")));
}

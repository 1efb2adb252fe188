using System.Diagnostics;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Infra;

/// <summary>What linters report about scripts and templates, on machines that have the linters.</summary>
public sealed class ScriptTests
{
    private static readonly string[] Installed = ["obj", "bin", "node_modules", ".venv"];

    [Fact]
    public Task ShellcheckFindsNothingInAnyScript() =>
        AssertCleanAsync("shellcheck", [.. Scripts().Where(IsShell)], atLeast: 15);

    [Fact]
    public Task CfnLintFindsNothingInAnyTemplate() =>
        AssertCleanAsync(
            "cfn-lint", Directory.GetFiles(Path.Combine(Repository.Root, "infra", "aws"), "*.yaml"), atLeast: 1);

    private static async Task AssertCleanAsync(string linter, string[] files, int atLeast)
    {
        Assert.True(files.Length >= atLeast, $"{files.Length} files");
        var program = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Select(folder => Path.Combine(folder, linter)).FirstOrDefault(File.Exists);
        Assert.SkipUnless(program is not null, $"There is no {linter} here.");

        var (exitCode, output, error) = await Programs.RunAsync(new ProcessStartInfo(program, files));

        Assert.Equal((0, ""), (exitCode, output + error));
    }

    private static IEnumerable<string> Scripts() => new[] { ".ci", "bench", "infra", "tests" }
        .SelectMany(folder => Directory.EnumerateFiles(
            Path.Combine(Repository.Root, folder), "*", SearchOption.AllDirectories))
        .Where(file => Path.GetExtension(file) is "" or ".sh"
            && !file.Split(Path.DirectorySeparatorChar).Any(part => Installed.Contains(part)));

    private static bool IsShell(string file)
    {
        using var reader = new StreamReader(file);
        return reader.ReadLine() is "#!/usr/bin/env bash" or "#!/bin/bash" or "#!/bin/sh";
    }
}

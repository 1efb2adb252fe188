#!/usr/bin/env bash
# Kills the real command at every boundary and audits what comes out: --short for a check, --long for a thousand kills; the rest is in tests/Pipeline.Chaos/ChaosOptions.cs.
# Disks that run full need Linux and root; wrong clocks and Azurite need tests/servers/install.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
command=tests/Pipeline.Chaos/obj/command
# Compiled ahead of time, as a user has it: a thousand starts are otherwise the JIT's.
dotnet publish src/Pipeline.Cli -c Release -o "$command" --nologo -v quiet
dotnet run -c Release --project tests/Pipeline.Chaos -- --command "$command" "$@"

#!/usr/bin/env bash
# Kills the real command at every boundary and audits its output. --short is a quick check, --long makes a thousand kills;
# tests/Pipeline.Chaos/ChaosOptions.cs lists all options.
# Trials on a full disk need Linux and root. Trials with a wrong clock or Azurite need tests/servers/install.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
command=${PUBLISHED_COMMAND:-tests/Pipeline.Chaos/obj/command}
# Compiled ahead of time, as users have it; otherwise a thousand starts would mostly measure the JIT.
[ -n "${PUBLISHED_COMMAND:-}" ] || dotnet publish src/Pipeline.Cli -c Release -o "$command" --nologo -v quiet
dotnet run -c Release --project tests/Pipeline.Chaos --property:RunAnalyzers=false -- --command "$command" "$@"

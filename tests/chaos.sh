#!/usr/bin/env bash
# Kills the real command at every boundary and audits what comes out. Without arguments, a thousand kills; --short for a check; the rest is in tests/Pipeline.Chaos/ChaosOptions.cs.
set -euo pipefail
cd "$(dirname "$0")/.."
dotnet run -c Release --project tests/Pipeline.Chaos -- "$@"

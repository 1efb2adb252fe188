#!/usr/bin/env bash
# Installs the servers that tests run against, then runs every test; `dotnet test` alone leaves out those that need a server.
# Ends with the counts. Arguments go to the test runner, for instance --filter-class '*Gcs*'.
set -euo pipefail
cd "$(dirname "$0")/.."
tests/servers/install.sh
dotnet build Pipeline.sln --nologo
status=0
step() { "$@" || { status=$?; echo "failed $*" >&2; }; }
# 8 is "no test matched": a filter may be meant for the other project alone.
step env AllTests=true dotnet test --no-build --ignore-exit-code 8 "$@"
# The runner's arguments choose tests; without any, the chaos suite has its short run too, and the benchmarks, which report and never fail for being slow.
[ $# -gt 0 ] || step tests/chaos.sh --short
[ $# -gt 0 ] || step bench/all --short
exit "$status"

#!/usr/bin/env bash
# Installs the servers that tests run against, then runs every test; `dotnet test` alone leaves out those that need a server.
# Ends with the counts. Arguments go to the test runner, for instance --filter-class '*Gcs*'.
set -euo pipefail
cd "$(dirname "$0")/.."
tests/servers/install.sh
dotnet build Pipeline.sln --nologo
status=0
AllTests=true dotnet test --no-build "$@" || status=$?
tests/functions.sh "$@" || status=$?
# The runner's arguments choose tests; without any, the chaos suite has its short run too, and the benchmarks, which report and never fail for being slow.
[ $# -gt 0 ] || tests/chaos.sh --short || status=$?
[ $# -gt 0 ] || bench/all --short || status=$?
exit "$status"

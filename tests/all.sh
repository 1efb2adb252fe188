#!/usr/bin/env bash
# Installs the test servers, then runs every test. `dotnet test` alone leaves out the tests that need a server.
# Prints the counts at the end. Arguments go to the test runner, for instance --filter-class '*Gcs*'.
set -euo pipefail
cd "$(dirname "$0")/.."
tests/servers/install.sh
dotnet build Pipeline.sln --nologo
# The tests start the command hundreds of times: as the native program that users get. It is built from other settings
# than the rest, so a part that only it lacks is found here. The chaos suite and the benchmarks use the same build.
if [ $# -eq 0 ]; then
  export PUBLISHED_COMMAND=$PWD/tests/Pipeline.Chaos/obj/command
  dotnet publish src/Pipeline.Cli -c Release --self-contained -o "$PUBLISHED_COMMAND" --nologo -v quiet -p:RunAnalyzers=false
fi
status=0
step() { "$@" || { status=$?; echo "failed $*" >&2; }; }
# Exit code 8 means that no test matched, because a filter may match tests of one project only. When no test ends for
# ten minutes, the runner names those that hang and fails.
step env AllTests=true dotnet test --no-build --ignore-exit-code 8 --hangdump --hangdump-timeout 10m --hangdump-type None "$@"
# Without arguments, run the short chaos suite and the short benchmarks too. Benchmarks never fail for being slow.
[ $# -gt 0 ] || step tests/chaos.sh --short
[ $# -gt 0 ] || step bench/all --short
exit "$status"

#!/usr/bin/env bash
# Builds and tests the Functions app where the package feed carries the Functions worker, and says so in one line where it does not; any other
# trouble is an error. The servers of tests/servers/install.sh must be there. Arguments go to the test runner.
set -euo pipefail
cd "$(dirname "$0")/.."
project=tests/Pipeline.Functions.Tests
log=$(mktemp)
trap 'rm -f "$log"' EXIT

if ! dotnet restore "$project" --nologo >"$log" 2>&1; then
  missing=$(grep -oE 'NU110[12]: Unable to find package Microsoft\.Azure\.Functions\.[A-Za-z.]+' "$log" | sed 's/.*package //; s/\.$//' | sort -u | paste -sd ' ' || true)
  if [ -z "$missing" ]; then
    cat "$log" >&2
    exit 1
  fi
  echo "src/Pipeline.Functions and $project were not built or tested: the package feed lacks the Functions worker ($missing)."
  exit 0
fi
dotnet build "$project" --no-restore --nologo
# 8 is "no test matched", which is no fault of a filter meant for the other project.
AllTests=true dotnet test --project "$project" --no-build --ignore-exit-code 8 "$@"

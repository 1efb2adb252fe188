#!/usr/bin/env bash
# Installs the servers that tests run against, then runs every test.
set -euo pipefail
cd "$(dirname "$0")/.."
tests/servers/install.sh
dotnet build Pipeline.sln --nologo
dotnet test --no-build "$@"

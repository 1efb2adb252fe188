#!/usr/bin/env bash
# Installs what the rivals need: jq as a system package, a virtual environment for Python, packages for Node. Prints what
# is missing; the benchmark leaves it out of its table.
set -uo pipefail
cd "$(dirname "$0")" || exit
missing() { echo "rivals: $1" >&2; }
command -v jq > /dev/null || { command -v apt-get > /dev/null && [ "$(id -u)" = 0 ] && apt-get install -y -qq jq > /dev/null 2>&1; } || missing 'jq is missing; install it'
if command -v python3 > /dev/null; then
  [ -x .venv/bin/python ] || python3 -m venv --system-site-packages .venv || missing 'Python could not create a virtual environment'
  .venv/bin/python -c 'import boto3, requests' 2> /dev/null || .venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt || missing 'boto3 and requests could not be installed'
else missing 'Python is missing'; fi
if command -v npm > /dev/null; then
  [ -d node_modules ] || npm ci --ignore-scripts --no-audit --no-fund --silent || missing 'the packages for Node could not be installed'
else missing 'Node is missing'; fi
exit 0

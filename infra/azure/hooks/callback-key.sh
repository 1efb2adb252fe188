#!/bin/sh
# Makes the key of the callback tokens on the first `azd up`. Callbacks under way stop working when it changes, so it is made once and kept in the azd environment.
set -eu

[ -z "${CALLBACK_KEY:-}" ] || exit 0
# A build agent starts without the environment that a person's machine keeps: it would make a new key in every run.
if [ -n "${CI:-}${GITHUB_ACTIONS:-}${TF_BUILD:-}" ]; then
  echo "CALLBACK_KEY is not set. A new key in every run would refuse the callbacks under way: keep one as a secret of this build and set it. Make it with: openssl rand -base64 32" >&2
  exit 1
fi
if ! key=$(openssl rand -base64 32) || [ -z "$key" ]; then
  echo "Cannot make a callback key, because openssl is missing or failed. Install openssl, or set a key of your own: azd env set CALLBACK_KEY <base64 of 32 bytes>" >&2
  exit 1
fi
azd env set CALLBACK_KEY "$key"

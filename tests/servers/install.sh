#!/usr/bin/env bash
# Installs the test servers into .servers/ at the root of the repository. Does nothing if they are up to date.
# Needs apt-get (Debian 12 or a derivative), /usr/bin/python3, node 20 and npm. Needs no root: packages are only unpacked.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)/.servers
mkdir -p "$root"

# S3: OpenStack Swift with its s3api, from Debian packages.
swift_packages=(swift python3-swift python3-eventlet python3-greenlet python3-dnspython python3-lxml python3-netifaces
  python3-pastedeploy python3-pyeclib liberasurecode1 libisal2 python3-requests python3-urllib3 python3-charset-normalizer
  python3-chardet python3-idna python3-certifi python3-xattr python3-six python3-pkg-resources python3-setuptools python3-cffi-backend)
swift_stamp=$(printf '%s\n' "${swift_packages[@]}" | sha256sum | cut -d' ' -f1)
if [ "$(cat "$root/swift/stamp" 2>/dev/null)" != "$swift_stamp" ]; then
  echo "Installing OpenStack Swift into $root/swift"
  rm -rf "$root/swift"
  mkdir -p "$root/swift/debs" "$root/swift/root"
  cd "$root/swift/debs"
  apt-get -qq download "${swift_packages[@]}" || { apt-get -qq update && apt-get -qq download "${swift_packages[@]}"; }
  for package in *.deb; do dpkg -x "$package" ../root; done
  rm -rf "$root/swift/debs"
  echo "$swift_stamp" > "$root/swift/stamp"
fi

# GCS and Azure Storage: npm packages, at the versions of the lock file.
node_stamp=$(cat "$here/package.json" "$here/package-lock.json" | sha256sum | cut -d' ' -f1)
if [ "$(cat "$root/node/stamp" 2>/dev/null)" != "$node_stamp" ]; then
  echo "Installing firebase-tools and azurite into $root/node"
  rm -rf "$root/node"
  mkdir -p "$root/node"
  cp "$here/package.json" "$here/package-lock.json" "$root/node/"
  cd "$root/node"
  npm ci --omit=optional --ignore-scripts --no-audit --no-fund --loglevel=error
  echo "$node_stamp" > "$root/node/stamp"
fi

# libfaketime, from a Debian package: gives a process another clock, for the chaos suite.
if [ ! -f "$root/faketime/libfaketime.so.1" ]; then
  echo "Installing libfaketime into $root/faketime"
  rm -rf "$root/faketime"
  mkdir -p "$root/faketime/debs"
  cd "$root/faketime/debs"
  apt-get -qq download libfaketime || { apt-get -qq update && apt-get -qq download libfaketime; }
  dpkg -x libfaketime_*.deb ../root
  cp ../root/usr/lib/*/faketime/libfaketimeMT.so.1 ../libfaketime.so.1
  rm -rf "$root/faketime/debs" "$root/faketime/root"
fi

# Chromium and axe-core, for the tests of the web pages.
"$here/browser.sh"

# PostgreSQL, from Debian packages with the libraries that it needs, for the sample consumer. No server is set up here.
postgres=$(apt-cache search --names-only '^postgresql-[0-9]+$' | cut -d' ' -f1 | sort -V | tail -1)
[ -n "$postgres" ] || { apt-get -qq update; postgres=$(apt-cache search --names-only '^postgresql-[0-9]+$' | cut -d' ' -f1 | sort -V | tail -1); }
if [ "$(cat "$root/postgres/stamp" 2>/dev/null)" != "$postgres" ]; then
  echo "Installing $postgres into $root/postgres"
  rm -rf "$root/postgres"
  mkdir -p "$root/postgres/debs"
  cd "$root/postgres/debs"
  # Not the compiler of queries, which is as large as all else, and not what every system has.
  mapfile -t libraries < <(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks \
    --no-replaces --no-enhances "$postgres" | grep '^lib' | sort -u | grep -vE '^lib(c6|c-|gcc|stdc|llvm|z3|perl|.*-perl$|elogind|pam-modules)')
  apt-get -qq download "$postgres" "${libraries[@]}" || { apt-get -qq update && apt-get -qq download "$postgres" "${libraries[@]}"; }
  for package in *.deb; do dpkg -x "$package" ../root; done
  rm -rf "$root/postgres/debs"
  echo "$postgres" > "$root/postgres/stamp"
fi

# The programs that load exports (docs/load.md), and what links the native program. They are installed, where that is
# allowed: they are no servers to unpack.
programs=()
command -v clang > /dev/null || command -v gcc > /dev/null || programs+=(clang)
[ -f /usr/include/zlib.h ] || programs+=(zlib1g-dev)
command -v psql > /dev/null || programs+=(postgresql-client)
command -v sqlite3 > /dev/null || programs+=(sqlite3)
/usr/bin/python3 -c 'import pandas' 2> /dev/null || programs+=(python3-pandas)
if [ ${#programs[@]} -gt 0 ] && [ "$(id -u)" = 0 ]; then
  echo "Installing ${programs[*]}"
  apt-get install -y -qq "${programs[@]}" > /dev/null || { apt-get -qq update && apt-get install -y -qq "${programs[@]}" > /dev/null; }
elif [ ${#programs[@]} -gt 0 ]; then
  echo "Missing: ${programs[*]}. Install them as root." >&2
fi

#!/usr/bin/env bash
# Installs Chromium and axe-core into .servers/ at the root of the repository, for the tests of the pages.
# Does nothing if they are up to date. install.sh calls it. Needs no root: packages are only unpacked.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)/.servers
mkdir -p "$root"

# Debian's Chromium, with those of its libraries that this machine lacks, and fonts that do not depend on the machine.
wanted=(chromium fonts-dejavu-core fonts-noto-core)
stamp=$(printf '%s\n' "${wanted[@]}" | sha256sum | cut -d' ' -f1)
if [ "$(cat "$root/chromium/stamp" 2>/dev/null)" != "$stamp" ]; then
  echo "Installing Chromium into $root/chromium"
  rm -rf "$root/chromium"
  mkdir -p "$root/chromium/debs"
  cd "$root/chromium/debs"
  missing() { apt-get -qq install --simulate --no-install-recommends "${wanted[@]}" | awk '/^Inst/ { print $2 }'; }
  download() { { missing; printf '%s\n' "${wanted[@]}"; } | sort -u | xargs apt-get -qq download; }
  download || { apt-get -qq update && download; }
  for package in *.deb; do dpkg -x "$package" ../root; done
  rm -rf "$root/chromium/debs"
  cat > "$root/chromium/fonts.conf" <<FONTS
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>$root/chromium/root/usr/share/fonts</dir>
  <cachedir>$root/chromium/fonts-cache</cachedir>
  <alias><family>system-ui</family><prefer><family>Noto Sans</family></prefer></alias>
  <alias><family>sans-serif</family><prefer><family>Noto Sans</family></prefer></alias>
  <alias><family>monospace</family><prefer><family>Noto Sans Mono</family><family>DejaVu Sans Mono</family></prefer></alias>
</fontconfig>
FONTS
  # Debian's own start script asks for a desktop; the program itself only needs its libraries.
  libraries=$(find "$root/chromium/root/usr/lib" -name '*.so*' -printf '%h\n' | sort -u | paste -sd:)
  cat > "$root/chromium/chromium" <<START
#!/bin/sh
export FONTCONFIG_FILE=$root/chromium/fonts.conf
export LD_LIBRARY_PATH=$libraries
exec $root/chromium/root/usr/lib/chromium/chromium "\$@"
START
  chmod +x "$root/chromium/chromium"
  echo "$stamp" > "$root/chromium/stamp"
fi

# axe-core, at the version of the lock file.
axe_stamp=$(cat "$here/browser/package.json" "$here/browser/package-lock.json" | sha256sum | cut -d' ' -f1)
if [ "$(cat "$root/axe/stamp" 2>/dev/null)" != "$axe_stamp" ]; then
  echo "Installing axe-core into $root/axe"
  rm -rf "$root/axe"
  mkdir -p "$root/axe"
  cp "$here/browser/package.json" "$here/browser/package-lock.json" "$root/axe/"
  cd "$root/axe"
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
  echo "$axe_stamp" > "$root/axe/stamp"
fi

#!/usr/bin/env bash
# Starts PostgreSQL on a free port, with a new database cluster in DATA, and prints "ready PORT". It stops when its
# standard input ends, and DATA is gone then. Usage: postgres.sh INSTALLED DATA
set -euo pipefail
installed=$1 data=$2
bin=$(echo "$installed"/root/usr/lib/postgresql/*/bin)
# The unpacked libraries, not those of the system: the two need not fit each other.
libraries=$(echo "$installed"/root/usr/lib/*-linux-gnu):$(echo "$installed"/root/lib/*-linux-gnu)
# PostgreSQL refuses to run as root.
as=()
mkdir -p "$data"
if [ "$(id -u)" = 0 ]; then
  chown nobody "$data"
  as=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
fi
postgres() { "${as[@]}" env LD_LIBRARY_PATH="$libraries" HOME="$data" "$@"; }
postgres "$bin/initdb" --pgdata="$data/cluster" --auth=trust --username=postgres --encoding=UTF8 --locale=C --no-sync > /dev/null
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
# exec, so that the job is the server itself.
(exec "${as[@]}" env LD_LIBRARY_PATH="$libraries" HOME="$data" "$bin/postgres" -D "$data/cluster" -p "$port" -h 127.0.0.1 \
  -c unix_socket_directories= -c jit=off -c shared_buffers=16MB -c fsync=off -c timezone=UTC -c log_timezone=UTC > "$data/log" 2>&1 < /dev/null) &
server=$!
# At once (SIGQUIT): nothing of the cluster is needed any more, but its shared memory must go.
trap 'kill -QUIT "$server" 2> /dev/null || true; wait "$server" || true; rm -rf "$data"' EXIT
for ((i = 0; i < 300; i++)); do
  grep -q 'ready to accept connections' "$data/log" && break
  kill -0 "$server" 2> /dev/null || { cat "$data/log" >&2; exit 1; }
  # Waits 0.1 seconds; ends if the standard input did.
  read -rt 0.1 _ || [ $? -gt 128 ] || exit 0
done
echo "ready $port"
cat > /dev/null

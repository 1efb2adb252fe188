"""OpenStack Swift with its s3api, all four servers in one process on free loopback ports.

usage: /usr/bin/python3 swift.py INSTALLED DATA
INSTALLED is .servers/swift as install.sh leaves it, DATA an empty folder. Prints "ready PORT" when it serves, and ends when its standard input does.
Keys: test:tester / testing (owner), test:reader / reading (may do nothing).
"""
import glob
import os
import sys

installed, data = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
libraries = ":".join(glob.glob(os.path.join(installed, "root/usr/lib/*-linux-gnu")))
if os.environ.get("LD_LIBRARY_PATH") != libraries:
    # The loader reads this only when a process starts.
    os.execve(sys.executable, [sys.executable] + sys.argv, dict(os.environ, LD_LIBRARY_PATH=libraries))
sys.path.insert(0, os.path.join(installed, "root/usr/lib/python3/dist-packages"))

from swift.common import utils

utils.eventlet_monkey_patch()
import eventlet
import eventlet.patcher
import eventlet.wsgi
import socket
from swift.common import wsgi
from swift.common.http_protocol import SwiftHttpProtocol
from swift.common.ring import RingBuilder

BACKEND = """[DEFAULT]
swift_dir = {etc}
devices = {data}/srv
mount_check = false
disable_fallocate = true
log_level = ERROR
[pipeline:main]
pipeline = {name}-server
[app:{name}-server]
use = egg:swift#{name}
"""

PROXY = """[DEFAULT]
swift_dir = {etc}
log_level = ERROR
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck cache s3api tempauth slo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
user_test_reader = reading
[filter:slo]
use = egg:swift#slo
"""


class Silence:
    def write(self, *_):
        pass

    debug = info = write


def end_with_parent():
    while os.read(0, 4096):
        pass
    os._exit(0)


etc = os.path.join(data, "etc")
os.makedirs(etc)
os.makedirs(os.path.join(data, "srv/sda1"))
with open(os.path.join(etc, "swift.conf"), "w") as f:
    f.write("[swift-hash]\nswift_hash_path_suffix = tests\n[storage-policy:0]\nname = gold\ndefault = yes\n")
utils.set_swift_dir(etc)

sockets = {}
for name in ("account", "container", "object", "proxy"):
    listener = eventlet.listen(("127.0.0.1", 0))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sockets[name] = listener
    port = listener.getsockname()[1]
    with open(os.path.join(etc, name + "-server.conf"), "w") as f:
        f.write((PROXY if name == "proxy" else BACKEND).format(etc=etc, data=data, name=name))
    if name != "proxy":
        builder = RingBuilder(2, 1, 1)
        builder.add_dev({"region": 1, "zone": 1, "ip": "127.0.0.1", "port": port, "replication_ip": "127.0.0.1",
                         "replication_port": port, "device": "sda1", "weight": 1.0, "meta": ""})
        builder.rebalance()
        builder.get_ring().save(os.path.join(etc, name + ".ring.gz"))

threads = []
for name, listener in sockets.items():
    app = wsgi.loadapp(os.path.join(etc, name + "-server.conf"), global_conf={"log_name": name + "-server"})
    threads.append(eventlet.spawn(eventlet.wsgi.server, listener, app, Silence(), protocol=SwiftHttpProtocol, custom_pool=eventlet.GreenPool(256)))

eventlet.patcher.original("threading").Thread(target=end_with_parent, daemon=True).start()
print("ready", sockets["proxy"].getsockname()[1], flush=True)
threads[-1].wait()

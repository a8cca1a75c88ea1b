"""OpenStack Swift with its S3 API (Debian: python3-swift) as one process on loopback.

s3-server.py <folder> <port> <user> <secret>: keeps all in the folder, where a later start finds it; the access key is test:<user>.
Says "ready" once it listens.
"""

import logging
import os
import sys

import eventlet

eventlet.monkey_patch()

from eventlet import wsgi
from swift.common import utils
from swift.common.ring import RingBuilder
from swift.common.wsgi import loadapp

HOST = "127.0.0.1"
KINDS = ("account", "container", "object")
PROXY = """[DEFAULT]
swift_dir = {folder}
[pipeline:main]
pipeline = catch_errors cache s3api tempauth proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
# tempauth wants a cache; this one is never there, and Swift does without
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
[filter:s3api]
use = egg:swift#s3api
allow_multipart_uploads = false
[filter:tempauth]
use = egg:swift#tempauth
user_test_{user} = {secret} .admin
"""
BACKEND = """[DEFAULT]
swift_dir = {folder}
devices = {folder}
mount_check = false
[app:main]
use = egg:swift#{kind}
fallocate_reserve = 0
"""

folder, port, user, secret = sys.argv[1:5]


def write(name, text):
    path = os.path.join(folder, name)
    with open(path, "w") as file:
        file.write(text)
    return path


def serve(listener, config):
    app = loadapp(config)
    quiet = dict(log_output=False, debug=False)
    return eventlet.spawn(wsgi.server, listener, app, **quiet)


def build_ring(kind, port):
    """One copy, on one device that is reached at the port."""
    builder = RingBuilder(2, 1, 0)
    at = dict(ip=HOST, port=port, replication_ip=HOST, replication_port=port)
    builder.add_dev(dict(id=0, region=1, zone=1, weight=1, device="disk", **at))
    builder.rebalance()
    builder.get_ring().save(os.path.join(folder, f"{kind}.ring.gz"))


logging.disable(logging.CRITICAL)
os.makedirs(os.path.join(folder, "disk"), exist_ok=True)
write("swift.conf", "[swift-hash]\nswift_hash_path_suffix = x\n")
utils.set_swift_dir(folder)
utils.validate_hash_conf()
listeners = {kind: eventlet.listen((HOST, 0)) for kind in KINDS}
for kind, listener in listeners.items():
    build_ring(kind, listener.getsockname()[1])
    serve(listener, write(f"{kind}.conf", BACKEND.format(**globals())))
front = eventlet.listen((HOST, int(port)), reuse_port=False)
running = serve(front, write("proxy.conf", PROXY.format(**globals())))
print("ready", flush=True)
running.wait()

"""Takes webhooks and verifies them as Standard Webhooks says: WEBHOOK_SECRET=whsec_… python3 examples/webhooks/verify.py"""

import base64
import hashlib
import hmac
import os
import re
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

OLDEST_S = 300
SECRET = os.environ.get("WEBHOOK_SECRET", "")
if not re.fullmatch(r"whsec_[A-Za-z0-9+/]+=*", SECRET):
    sys.exit("WEBHOOK_SECRET is not whsec_…, as GET /webhooks/secrets shows")
KEY = base64.b64decode(SECRET.removeprefix("whsec_"))


def is_genuine(headers, body):
    """Whether one of the signatures is right, and none older than five minutes; body as it came, before it is parsed."""
    timestamp = headers.get("webhook-timestamp", "")
    if not timestamp.isdecimal() or abs(time.time() - int(timestamp)) >= OLDEST_S:
        return False
    signed = f"{headers.get('webhook-id')}.{timestamp}.".encode() + body
    right = b"v1," + base64.b64encode(hmac.digest(KEY, signed, hashlib.sha256))
    # one for each secret that is live
    given = headers.get("webhook-signature", "").encode().split(b" ")
    return any(hmac.compare_digest(one, right) for one in given)


class Consumer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        genuine = is_genuine(self.headers, body)
        self.send_response(204 if genuine else 401)
        self.send_header("content-length", "0")
        self.end_headers()  # at once: what is to be done may take longer
        if genuine:
            print(body.decode(), flush=True)  # JSON of the event

    do_PUT = do_POST

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8080"))), Consumer)
print(f"listens at http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
